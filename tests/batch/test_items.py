"""Which pictures are found: what `sorted(rglob)`, `glob`, `zipfile` and `tarfile` say of the same files."""

from __future__ import annotations

import glob
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from exmachina.batch import items
from exmachina.batch.items import Item, Source, count_items, find_items
from exmachina.errors import InputError
from exmachina.images.files import list_images

NAMES = (
    "b.png",
    "a/2.PNG",
    "a/10.jpg",
    "a/1.jpeg",
    "a-b/3.png",
    "a/deep/er/4.png",
    "c/.hidden/5.png",
    "c/.6.png",
    "c/7.txt",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("items")
    for name in NAMES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    (root / "a" / "loop").symlink_to(root, target_is_directory=True)
    (root / "a" / "gone.png").symlink_to(root / "nowhere.png")
    return root


def paths(*sources: Source) -> list[str]:
    return [item.path for item in find_items(sources)]


def test_a_folder_holds_what_rglob_finds_in_the_same_order(folder: Path) -> None:
    assert paths(folder) == [str(path) for path in list_images(folder, below=True)]
    assert count_items([folder]) == 6


def test_a_folder_of_more_names_than_are_held_keeps_its_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "NAMES_AT_ONCE", 2)
    assert paths(folder) == [str(path) for path in list_images(folder, below=True)]


def test_the_folder_one_stands_in_gives_bare_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert paths(".") == [str(path) for path in list_images(".", below=True)]


@pytest.mark.parametrize("pattern", ["*.png", "**/*.png", "a*/*.[jp]*", "**/er/*", "?/[12].*"])
def test_a_pattern_finds_what_glob_finds(pattern: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.path.join(folder, pattern)  # noqa: PTH118
    anything = glob.glob(whole, recursive=True)  # noqa: PTH207
    result = {name for name in anything if Path(name).suffix.lower() in (".png", ".jpg", ".jpeg")}
    result = {name for name in result if Path(name).is_file() and "loop" not in name}
    assert set(paths(whole)) == result and result
    monkeypatch.chdir(folder)
    assert set(paths(pattern)) == {os.path.relpath(name, folder) for name in result}


def test_a_list_names_a_path_a_line(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a.png\n\nb c.png\r\n")
    assert paths(tmp_path / "list.txt", "d.png") == ["a.png", "b c.png", "d.png"]


def test_archives_hold_their_pictures_under_their_own_name(folder: Path, tmp_path: Path) -> None:
    chosen = [
        name for name in NAMES if not any(part.startswith(".") for part in Path(name).parts) and name != "c/7.txt"
    ]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in NAMES:
            archive.write(folder / name, name)
    with tarfile.open(tmp_path / "all.tar.gz", "w:gz") as tar:
        for name in NAMES:
            tar.add(folder / name, name)
    visible = {f"c/.hidden/{5}.png"}  # in an archive as in `images.archive`, only the file's own name counts
    for name in ("all.zip", "all.tar.gz"):
        result = list(find_items([tmp_path / name]))
        assert {item.path for item in result} == {f"{tmp_path / name}/{inner}" for inner in {*chosen, *visible}}
        assert all(item.content is not None and item.path.endswith(item.content.decode()) for item in result)
    assert count_items([tmp_path / "all.zip"]) == 7 and count_items([tmp_path / "all.tar.gz"]) is None


def test_what_an_archive_holds_wrongly_is_a_problem_and_no_end(tmp_path: Path) -> None:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for name in ("1.png", "2.png"):
            header = tarfile.TarInfo(name)
            header.size = 5000
            tar.addfile(header, io.BytesIO(bytes(5000)))
    (tmp_path / "cut.tar").write_bytes(whole.getvalue()[:8000])
    first, second = find_items([tmp_path / "cut.tar"])
    assert first.content == bytes(5000) and "damaged" in second.problem
    (tmp_path / "no.zip").write_bytes(b"PK\5\6" + b"\0" * 10 + b"no archive")
    (problem,) = find_items([tmp_path / "no.zip"])
    assert "archive" in problem.problem


def test_a_member_too_large_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "MAX_PICTURE_BYTES", 100)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("big.png", bytes(101))
        archive.writestr("small.png", bytes(100))
    big, small = find_items([tmp_path / "a.zip"])
    assert "big.png" in big.problem and big.content is None and small.content == bytes(100)


def test_what_is_done_is_not_found(folder: Path, tmp_path: Path) -> None:
    everything = paths(folder)
    done = set(everything[::2])
    assert [item.path for item in find_items([folder], done.__contains__)] == everything[1::2]


@pytest.mark.parametrize("source", ["empty", "empty/*.png", "nowhere/*.png"])
def test_nothing_found_is_an_error(source: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        paths(tmp_path / source)


def test_a_file_that_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    Image.new("L", (3, 3)).save(tmp_path / "a[1].png")
    assert paths(tmp_path / "a[1].png", Item("x")) == [str(tmp_path / "a[1].png"), "x"]
