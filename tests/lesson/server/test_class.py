"""The class's page: whom it opens to, what it tells, and what it keeps to itself."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from exmachina.data import load_idx_folder, load_image_folder
from exmachina.images.strokes import render_strokes
from exmachina.lesson.server import Settings
from exmachina.lesson.server.launch import teacher_address
from lesson_server import PATIENCE, Lesson, serving

CODE, TEACHER = "code-of-the-class", "code-of-the-teacher"
STROKES = [[[10.0, 10.0], [90.0, 12.5], [40.0, 120.0]]]
IMAGE = render_strokes(STROKES)


def drawing(label: int = 7) -> dict[str, Any]:
    return {"label": label, "strokes": STROKES, "image": IMAGE.ravel().tolist()}


@pytest.fixture(scope="module")
def school(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    """A lesson with a code for learners and one for the teacher."""
    folder = tmp_path_factory.mktemp("school")
    address = f"http://192.168.1.5:8000/?token={CODE}"
    with serving(replace(settings, data_folder=folder, token=CODE, teacher=TEACHER, address=address)) as running:
        yield running


def somebody(school: Lesson, token: str | None) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=school.address, headers=headers, timeout=PATIENCE, trust_env=False)


@pytest.fixture
def teacher(school: Lesson) -> Iterator[httpx.Client]:
    with somebody(school, TEACHER) as client:
        client.delete("/api/v1/class")
        yield client


@pytest.fixture
def learners(school: Lesson) -> Iterator[list[httpx.Client]]:
    clients = [somebody(school, CODE), somebody(school, CODE)]
    yield clients
    for client in clients:
        client.close()


DOORS = [
    ("GET", "/api/v1/class"),
    ("GET", "/api/v1/class/export?format=idx"),
    ("DELETE", "/api/v1/class"),
    ("DELETE", "/api/v1/class/1"),
    ("POST", "/api/v1/runs"),
]


@pytest.mark.parametrize(("method", "path"), DOORS)
def test_learner_is_refused_at_every_door(
    learners: list[httpx.Client], teacher: httpx.Client, method: str, path: str
) -> None:
    learners[0].post("/api/v1/collection", json=drawing())
    kind = {"Content-Type": "application/zip"} if method == "POST" else {}
    answer = learners[1].request(method, path, headers=kind)
    assert answer.status_code == 403 and list(answer.json()) == ["error"]
    assert teacher.get("/api/v1/class").json()["count"] == 1


@pytest.mark.parametrize(("method", "path"), DOORS)
def test_stranger_is_refused_at_every_door(school: Lesson, method: str, path: str) -> None:
    kind = {"Content-Type": "application/zip"} if method == "POST" else {}
    with somebody(school, None) as stranger:
        assert stranger.request(method, path, headers=kind).status_code == 401


def test_learner_who_opens_the_class_is_asked_for_the_teachers_code(learners: list[httpx.Client]) -> None:
    for path in ("/class", f"/class?token={CODE}"):
        answer = learners[0].get(path)
        assert answer.status_code == 401 and "teacher" in answer.text and TEACHER not in answer.text
    assert learners[0].get("/api/v1/you").json() == {"teacher": False, "saves": False}


@pytest.mark.parametrize("page", ["/class", "/"])
def test_teachers_code_opens_both_pages_and_stays_in_a_strict_cookie(school: Lesson, page: str) -> None:
    with somebody(school, None) as client:
        welcome = client.get(page, params={"token": TEACHER})
        assert f'content="0; url={page}"' in welcome.text
        kept = welcome.headers["set-cookie"]
        assert "HttpOnly" in kept and "SameSite=Strict" in kept
        assert client.get("/class").status_code == 200 and client.get("/").status_code == 200
        assert client.get("/api/v1/you").json() == {"teacher": True, "saves": True}


def test_learner_becomes_the_teacher_by_the_teachers_address(school: Lesson) -> None:
    with somebody(school, None) as client:
        client.get("/", params={"token": CODE})
        assert client.get("/api/v1/class").status_code == 403
        client.get("/class", params={"token": TEACHER})
        assert client.get("/api/v1/class").status_code == 200


def test_wall_grows_and_tells_how_many_but_not_who(learners: list[httpx.Client], teacher: httpx.Client) -> None:
    assert teacher.get("/api/v1/class").json()["drawings"] == []
    for learner, label in ((learners[0], 7), (learners[1], 3)):
        learner.post("/api/v1/collection", json=drawing(label))
    wall = teacher.get("/api/v1/class").json()
    assert set(wall) == {"count", "learners", "address", "drawings"}
    assert (wall["count"], wall["learners"]) == (2, 2) and wall["address"].endswith(CODE)
    (first, label, pixels), (second, *_) = wall["drawings"]
    assert label == 7 and base64.b64decode(pixels) == IMAGE.tobytes()
    later = teacher.get("/api/v1/class", params={"after": first}).json()
    assert [item[0] for item in later["drawings"]] == [second] and later["count"] == 2


def test_more_than_five_hundred_come_in_several_answers(school: Lesson, teacher: httpx.Client) -> None:
    for _ in range(501):
        school.app.state.services.collection.add("ada", 1, [], IMAGE)
    first = teacher.get("/api/v1/class").json()
    assert first["count"] == 501 and len(first["drawings"]) == 500
    rest = teacher.get("/api/v1/class", params={"after": first["drawings"][-1][0]}).json()
    assert len(rest["drawings"]) == 1


def test_teacher_takes_one_off_the_wall_and_then_all(learners: list[httpx.Client], teacher: httpx.Client) -> None:
    keys = [learners[n].post("/api/v1/collection", json=drawing(n)).json()["id"] for n in (0, 1)]
    assert teacher.delete(f"/api/v1/class/{keys[0]}").json() == {"deleted": 1}
    assert teacher.delete(f"/api/v1/class/{keys[0]}").status_code == 404
    assert learners[0].get("/api/v1/collection").json() == [] != learners[1].get("/api/v1/collection").json()
    assert teacher.delete("/api/v1/class").json() == {"deleted": 1}


@pytest.mark.parametrize("path", ["/api/v1/class?after=-1", "/api/v1/class?after=x", "/api/v1/class/export?format=exe"])
def test_impossible_question_is_one_line(teacher: httpx.Client, path: str) -> None:
    answer = teacher.get(path)
    assert answer.status_code == 400 and list(answer.json()) == ["error"]


def test_exports_hold_everybodys_digits_and_no_trace_of_who_or_when(
    learners: list[httpx.Client], teacher: httpx.Client, tmp_path: Path
) -> None:
    for learner, label in ((learners[0], 7), (learners[1], 3)):
        learner.post("/api/v1/collection", json=drawing(label))
    for form in ("png", "idx"):
        answer = teacher.get(f"/api/v1/class/export?format={form}")
        assert f"class-digits-{form}.zip" in answer.headers["content-disposition"]
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            archive.extractall(tmp_path / form)
    assert sorted(load_image_folder(tmp_path / "png/digits").labels.tolist()) == [3, 7]
    read = load_idx_folder(tmp_path / "idx/digits")[0]
    assert read.labels.tolist() == [7, 3] and (read.images == np.stack([IMAGE, IMAGE])).all()
    output = json.loads((tmp_path / "png/digits/drawings.json").read_text())
    assert {key for item in output for key in item} == {"id", "label", "strokes", "created"}
    assert all(len(item["created"]) == len("2000-01-01") for item in output)


def test_alone_on_this_computer_one_is_the_teacher(client: httpx.Client) -> None:
    assert client.get("/api/v1/you").json() == {"teacher": True, "saves": True}
    wall = client.get("/api/v1/class").json()
    assert wall["address"] is None


def test_other_names_for_the_loopback_make_nobody_the_teacher(settings: Settings, tmp_path: Path) -> None:
    # Behind a relay everybody seems to come from this computer.
    with serving(replace(settings, data_folder=tmp_path, allowed_hosts=("lesson.school",))) as lesson:
        client = lesson.learner()
        assert client.get("/api/v1/class").status_code == 403
        assert client.get("/api/v1/you").json() == {"teacher": False, "saves": False}


def test_class_is_not_opened_by_another_sites_request(school: Lesson) -> None:
    with somebody(school, TEACHER) as client:
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert client.get("/api/v1/class", headers=headers).status_code == 403
            assert client.delete("/api/v1/class", headers=headers).status_code == 403


def test_addresses_of_the_teacher() -> None:
    assert teacher_address("http://h:1/", None) == "http://h:1/class"
    assert teacher_address("http://h:1/?token=a", "b") == "http://h:1/class?token=b"
    assert teacher_address("http://h:1/?token=a", "b", "") == "http://h:1/?token=b"
    assert teacher_address("http://h:1/?token=a", None, "") == "http://h:1/?token=a"
