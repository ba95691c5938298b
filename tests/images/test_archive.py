"""Pictures from a folder and from a zip file of it are the same, in the same order; what hides is left alone."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exmachina.errors import InputError
from exmachina.images import archive
from exmachina.images.archive import read_pictures


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    folder = tmp_path / "pictures"
    for number, name in enumerate(("b.png", "a/z.PNG", "a/.hidden.png", "__MACOSX/._b.png", "notes.txt")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("txt") or "/." in name:
            (folder / name).write_bytes(b"no picture")
        else:
            Image.fromarray(np.full((3, 4), 40 * number, np.uint8)).save(folder / name)
    packed = tmp_path / "pictures.zip"
    with zipfile.ZipFile(packed, "w") as file:
        for path in folder.rglob("*"):
            file.write(path, path.relative_to(folder))
    return folder, packed


def test_a_folder_and_its_zip_file_give_the_same_in_order_of_names(places: tuple[Path, Path]) -> None:
    for place in places:
        pictures = list(read_pictures(place))
        assert [picture.name for picture in pictures] == ["a/z.PNG", "b.png"]
        assert [int(picture.pixels[0, 0]) for picture in pictures] == [40, 0]


def test_only_the_chosen_ones_are_read(places: tuple[Path, Path]) -> None:
    for place in places:
        assert [picture.name for picture in read_pictures(place, lambda count: [count - 1])] == ["b.png"]


def test_too_many_and_none_are_refused(
    places: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds 0"):
        list(read_pictures(tmp_path / "empty"))
    monkeypatch.setattr(archive, "MAX_PICTURES", 1)
    for place in places:
        with pytest.raises(InputError, match="holds 2"):
            list(read_pictures(place))
