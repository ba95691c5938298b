"""A learner's own drawings: kept, exported, deleted, and nobody else's."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from exmachina.data import load_idx_folder, load_image_folder
from exmachina.errors import InputError
from exmachina.images.strokes import render_strokes
from exmachina.lesson.collection import Collection, NoRoomError, QuotaError, Room
from lesson_server import Lesson

STROKES = [[[10.0, 10.0], [90.0, 12.5], [40.0, 120.0]]]
IMAGE = render_strokes(STROKES)


def drawing(label: int = 7, **changes: Any) -> dict[str, Any]:
    return {"label": label, "strokes": STROKES, "image": IMAGE.ravel().tolist(), **changes}


def test_drawings_survive_as_they_were(client: httpx.Client) -> None:
    assert client.get("/api/v1/collection").json() == []
    kept = client.post("/api/v1/collection", json=drawing())
    assert kept.status_code == 201
    client.post("/api/v1/collection", json=drawing(3, strokes=None))
    first, second = client.get("/api/v1/collection").json()
    assert first["id"] == kept.json()["id"] and first["label"] == 7 and first["created"].endswith("+00:00")
    assert first["strokes"] == STROKES and first["image"] == IMAGE.ravel().tolist()
    assert second["label"] == 3 and second["strokes"] == []


def test_learners_cannot_see_or_delete_each_others(lesson: Lesson) -> None:
    ada, ben = lesson.learner(), lesson.learner()
    key = ada.post("/api/v1/collection", json=drawing()).json()["id"]
    assert ben.get("/api/v1/collection").json() == []
    assert ben.delete(f"/api/v1/collection/{key}").status_code == 404
    assert ben.delete("/api/v1/collection").json() == {"deleted": 0}
    assert len(ada.get("/api/v1/collection").json()) == 1


def test_one_or_all_can_be_deleted(client: httpx.Client) -> None:
    keys = [client.post("/api/v1/collection", json=drawing(label)).json()["id"] for label in (1, 2, 3)]
    assert client.delete(f"/api/v1/collection/{keys[1]}").json() == {"deleted": 1}
    assert [item["label"] for item in client.get("/api/v1/collection").json()] == [1, 3]
    assert client.delete("/api/v1/collection").json() == {"deleted": 2}
    assert client.get("/api/v1/collection").json() == []


def test_deleted_drawings_leave_no_trace_in_the_file(tmp_path: Path) -> None:
    collection = Collection(tmp_path / "c.sqlite3")
    secret = [[[1234.5678, 8765.4321], [1.0, 1.0]]]
    collection.add("ada", 7, secret, IMAGE)
    assert b"1234.5678" in (tmp_path / "c.sqlite3").read_bytes()
    collection.delete("ada")
    collection.close()
    assert b"1234.5678" not in (tmp_path / "c.sqlite3").read_bytes()


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        drawing(10),
        drawing(-1),
        drawing(image=[0] * 784),
        drawing(image=[0] * 783),
        drawing(image=[256] * 784),
        drawing(image=[0.5] * 784),
        drawing(strokes=[[[1]]]),
        drawing(strokes=[[[1e7, 1]]]),
        drawing(strokes=[[[1, 1]]] * 201),
        drawing(strokes="x"),
        drawing(learner="ben"),
        {**drawing(), "label": "7' OR 1=1"},
    ],
)
def test_impossible_drawing_is_refused(client: httpx.Client, body: Any) -> None:
    answer = client.post("/api/v1/collection", json=body)
    assert answer.status_code == 400 and list(answer.json()) == ["error"]
    assert client.get("/api/v1/collection").json() == []


def unpacked(client: httpx.Client, form: str, folder: Path) -> Path:
    answer = client.get(f"/api/v1/collection/export?format={form}")
    assert answer.headers["content-type"] == "application/zip"
    assert "attachment" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    return folder / "digits"


def test_png_export_is_a_folder_that_the_library_reads(client: httpx.Client, tmp_path: Path) -> None:
    for label in (7, 7, 3):
        client.post("/api/v1/collection", json=drawing(label))
    folder = unpacked(client, "png", tmp_path)
    data = load_image_folder(folder)
    assert sorted(data.labels.tolist()) == [3, 7, 7]
    assert np.abs(data.images.astype(int) - IMAGE).mean() < 2  # normalised once more
    assert [item["strokes"] for item in json.loads((folder / "drawings.json").read_text())] == [STROKES] * 3
    assert (folder / "labels.csv").read_text().count("\n") == 4


def test_idx_export_is_what_the_library_reads(client: httpx.Client, tmp_path: Path) -> None:
    from exmachina.data import read_idx

    for label in (7, 3):
        client.post("/api/v1/collection", json=drawing(label))
    folder = unpacked(client, "idx", tmp_path)
    assert (read_idx(folder / "train-images-idx3-ubyte") == np.stack([IMAGE, IMAGE])).all()
    assert read_idx(folder / "train-labels-idx1-ubyte").tolist() == [7, 3]
    assert (load_idx_folder(folder)[0].images == IMAGE).all()


def test_empty_export_is_a_valid_archive(client: httpx.Client, tmp_path: Path) -> None:
    unpacked(client, "png", tmp_path)
    assert client.get("/api/v1/collection/export?format=exe").status_code == 400


def test_full_collection_says_so(tmp_path: Path) -> None:
    collection = Collection(tmp_path / "c.sqlite3", Room(per_learner=2, in_all=3))
    for learner in ("ada", "ada", "ben"):
        collection.add(learner, 1, [], IMAGE)
    with pytest.raises(QuotaError, match="Your collection is full"):
        collection.add("ada", 1, [], IMAGE)
    with pytest.raises(NoRoomError, match="class's collection is full"):
        collection.add("eve", 1, [], IMAGE)
    collection.close()


def test_collection_survives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "c.sqlite3"
    collection = Collection(file)
    collection.add("ada", 7, STROKES, IMAGE)
    collection.close()
    again = Collection(file)
    assert again.list("ada")[0].strokes == STROKES and (again.list("ada")[0].image == IMAGE).all()
    again.close()


def test_unusable_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="EXMACHINA_DATA"):
        Collection(tmp_path / "file" / "c.sqlite3")
    (tmp_path / "not.sqlite3").write_bytes(b"x" * 5000)
    with pytest.raises(InputError, match="Cannot keep drawings"):
        Collection(tmp_path / "not.sqlite3")


def test_table_knows_learners_by_digest_alone(lesson: Lesson) -> None:
    client = lesson.learner()
    client.post("/api/v1/collection", json=drawing())
    cookie = client.cookies["exmachina_learner"]
    file = lesson.app.state.services.collection.file
    with sqlite3.connect(file) as database:
        learners = {row[0] for row in database.execute("SELECT learner FROM drawings")}
    database.close()
    assert learners and all(len(name) == 24 for name in learners) and cookie not in learners
