"""A table in the making on a cluster, portion by portion, so that whoever dies on the way loses one at most.

In the table's folder each portion is the files whose names begin with its number and its attempt. What is whole has a
marker, `_NUMBER.json`, which holds what the portion was made of. Names with an underscore are no part of the table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from exmachina.batch.table import begun_otherwise, load_pyarrow
from exmachina.errors import InputError

BEGUN = "_begun.json"


def is_address(name: str) -> bool:
    """Whether a name is a URI, as `s3://bucket/folder` is."""
    return len(urlsplit(name).scheme) > 1  # one letter is a drive of Windows


def file_system(name: str) -> tuple[Any, str]:
    """The file system of an address or a local path, and the path in it."""
    arrow = load_pyarrow()
    from pyarrow import fs

    if not is_address(name):
        return fs.LocalFileSystem(), str(Path(name).absolute())
    try:
        system, path = fs.FileSystem.from_uri(name)
    except (OSError, ValueError, arrow.ArrowException) as error:
        raise InputError(f"'{name}' cannot be opened: {' '.join(str(error).split())}") from None
    return system, path


class Portions:
    """The portions that are whole in a folder: a path or an address."""

    def __init__(self, folder: str, reader: str, columns: Sequence[str], blocks: int) -> None:
        """Go on with what the same `reader` began, or begin with so many `blocks` a portion.

        Raises `InputError` for what another began or with other columns, and for a folder that holds anything else.
        """
        self._system, self._folder = file_system(folder)
        self._system.create_dir(self._folder, recursive=True)
        begun = self._load(BEGUN)
        if begun is None:
            if self._names():
                raise InputError(f"'{folder}' holds files already; delete them or name another table.")
            begun = {"reader": reader, "columns": list(columns), "blocks": blocks}
            self._save(BEGUN, begun)
        if begun.get("columns") != list(columns) or begun["reader"] != reader:
            raise InputError(begun_otherwise(folder, begun.get("columns") == list(columns)))
        self.blocks: int = begun["blocks"]

    def begin(self, number: int, blocks: Sequence[Any]) -> str | None:
        """What the names of this portion's files begin with from now on, or `None` if they are there already."""
        whole = self._load(_marker(number))
        if whole is not None and whole["of"] == _digest(blocks):
            return None
        return f"{number:06}-{uuid4().hex[:8]}"

    def close(self, number: int, blocks: Sequence[Any], prefix: str) -> None:
        """All of this portion is written."""
        self._save(_marker(number), {"of": _digest(blocks), "prefix": prefix})

    def finish(self, count: int) -> None:
        """Leave the files of `count` whole portions, and nothing else: a portion begun twice has files of both."""
        markers = [self._load(_marker(number)) for number in range(count)]
        whole = {marker["prefix"] for marker in markers if marker is not None}
        names = self._names()
        for name in sorted(names, key=lambda name: name == BEGUN):  # which goes last
            if name.startswith("_") or name[:15] not in whole:
                self._system.delete_file(f"{self._folder}/{name}")

    def _names(self) -> list[str]:
        from pyarrow import fs

        return [info.base_name for info in self._system.get_file_info(fs.FileSelector(self._folder))]

    def _load(self, name: str) -> dict[str, Any] | None:
        try:
            with self._system.open_input_stream(f"{self._folder}/{name}") as file:
                loaded: dict[str, Any] = json.loads(file.read())
                return loaded
        except (FileNotFoundError, ValueError):  # not there, or not written to its end
            return None

    def _save(self, name: str, value: dict[str, Any]) -> None:
        with self._system.open_output_stream(f"{self._folder}/{name}") as file:
            file.write(json.dumps(value).encode())


def _marker(number: int) -> str:
    return f"_{number:06}.json"


def _digest(blocks: Sequence[Any]) -> str:
    whole = hashlib.sha256()
    for block in blocks:
        whole.update(json.dumps(block.to_pylist()).encode())
    return whole.hexdigest()
