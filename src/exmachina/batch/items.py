"""Which pictures there are: in folders, by patterns, in lists and in archives, one after another, never all at once."""

from __future__ import annotations

import os
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from heapq import nsmallest
from pathlib import Path

from exmachina.errors import InputError
from exmachina.images.archive import MAX_PICTURE_BYTES, is_picture

NAMES_AT_ONCE = 50_000  # of a folder's names held in memory; a larger folder is listed several times
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
LISTS = (".txt", ".list")


@dataclass(frozen=True, slots=True)
class Item:
    """A picture to read: the path of a file, or a name and the bytes that an archive holds under it.

    With a `problem` there is nothing to read, and it says why.
    """

    path: str
    content: bytes | None = field(default=None, repr=False)
    problem: str = ""


Source = str | os.PathLike[str] | Item
Done = Callable[[str], bool]


def find_items(sources: Iterable[Source], done: Done = lambda path: False) -> Iterator[Item]:
    """Every picture of `sources`, in their order, but for those that are `done`.

    A source is a file, a folder (all PNG and JPEG files in it and below, by name; hidden ones are left out), a pattern
    (`scans/**/*.png`), a list (.txt: a path a line) or an archive (.zip, .tar, .tar.gz …). What cannot be opened is an
    item with a problem. Raises `InputError` for a folder or a pattern without pictures.
    """
    for source in sources:
        for item in _found(source, done):
            if item.problem or item.content is not None or not done(item.path):
                yield item


def count_items(sources: Iterable[Source]) -> int | None:
    """How many pictures `find_items` will find, or `None` where that takes reading everything."""
    total = 0
    for source in sources:
        if isinstance(source, Item):
            total += 1
        elif (name := os.fspath(source)).lower().endswith(ARCHIVES) and Path(name).is_file():
            if not zipfile.is_zipfile(name):
                return None
            with zipfile.ZipFile(name) as archive:
                total += sum(map(is_picture, archive.namelist()))
        else:
            total += sum(1 for _ in _found(name, lambda path: False))
    return total


def _found(source: Source, done: Done) -> Iterator[Item]:
    if isinstance(source, Item):
        yield source
        return
    name = os.fspath(source)
    try:
        mode = os.stat(name).st_mode  # noqa: PTH116 - of names pathlib may refuse
    except (OSError, ValueError):
        mode = 0
    is_folder, is_file = stat.S_ISDIR(mode), stat.S_ISREG(mode)
    if is_folder:
        yield from _some(walk(str(Path(name))), f"'{name}' holds no PNG or JPEG images; name a folder that does.")
    elif is_file and name.lower().endswith(ARCHIVES):
        yield from _from_zip(name, done) if zipfile.is_zipfile(name) else _from_tar(name, done)
    elif is_file and name.lower().endswith(LISTS):
        with Path(name).open(encoding="utf-8", errors="surrogateescape") as lines:
            yield from (Item(line.rstrip("\r\n")) for line in lines if line.strip())
    elif not is_file and re.search(r"[*?\[]", name):
        yield from _some(_matching(name), f"No PNG or JPEG image matches '{name}'.")
    else:
        yield Item(str(Path(name)))


def _some(items: Iterator[Item], otherwise: str) -> Iterator[Item]:
    first = next(items, None)
    if first is None:
        raise InputError(otherwise)
    yield first
    yield from items


def walk(folder: str, depth: int | None = None) -> Iterator[Item]:
    """The pictures in a folder and below, at most `depth` levels deep, in the order of their paths' parts."""
    try:
        for name, is_folder in _sorted_names(folder):
            path = name if folder == os.curdir else os.path.join(folder, name)  # noqa: PTH118 - a Path a file is slow
            if not is_folder:
                yield Item(path)
            elif depth is None or depth > 1:
                yield from walk(path, None if depth is None else depth - 1)
    except OSError as error:
        yield Item(folder, problem=f"'{folder}' cannot be read: {error.strerror or error}.")


def _sorted_names(folder: str) -> Iterator[tuple[str, bool]]:
    """Names of the folders and pictures in `folder`, sorted, and which are folders, with a bounded number in memory."""
    last = ""
    while True:
        with os.scandir(folder) as entries:
            names = ((entry.name, _is_folder(entry)) for entry in entries if entry.name > last and _wanted(entry))
            some = nsmallest(NAMES_AT_ONCE, names)
        yield from some
        if len(some) < NAMES_AT_ONCE:
            return
        last = some[-1][0]


def _wanted(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return False
    return _is_folder(entry) or (is_picture(entry.name) and entry.is_file())


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)  # a link to a folder above would never end


def _matching(pattern: str) -> Iterator[Item]:
    """The pictures whose path matches, part by part; `**` stands for any number of folders."""
    parts = Path(pattern).parts
    fixed = next(number for number, part in enumerate(parts) if re.search(r"[*?\[]", part))
    root, rest = str(Path(*parts[:fixed])), parts[fixed:]
    if not Path(root).is_dir():
        return
    for item in walk(root, None if "**" in rest else len(rest)):
        if item.problem or _fits(Path(item.path).parts[0 if root == os.curdir else fixed :], rest):
            yield item


def _fits(parts: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_fits(parts[start:], patterns[1:]) for start in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _fits(parts[1:], patterns[1:])


def _from_zip(source: str, done: Done) -> Iterator[Item]:
    """Each picture by its name in the archive; the archive's table of contents is in memory, no picture is."""
    try:
        with zipfile.ZipFile(source) as archive:
            for name in sorted(filter(is_picture, archive.namelist())):
                if not done(path := f"{source}/{name}"):
                    yield _member(path, lambda name=name: archive.open(name).read(MAX_PICTURE_BYTES + 1))  # type: ignore[misc]
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        yield Item(source, problem=f"'{source}' is no archive that can be read: {error}.")


def _from_tar(source: str, done: Done) -> Iterator[Item]:
    """Each picture in the archive's own order; a tar archive is read once from its beginning to its end."""
    try:
        with tarfile.open(source, "r|*") as archive:
            for member in archive:
                vars(archive)["members"].clear()  # or it would keep the header of every file it has passed
                path = f"{source}/{member.name}"
                if member.isfile() and is_picture(member.name) and not done(path):
                    file = archive.extractfile(member)
                    yield _member(path, lambda file=file: file.read(MAX_PICTURE_BYTES + 1) if file else b"")  # type: ignore[misc]
    except (OSError, tarfile.TarError, EOFError, zlib.error) as error:
        yield Item(source, problem=f"'{source}' is damaged or no archive: {error}.")


def _member(path: str, read: Callable[[], bytes]) -> Item:
    try:
        content = read()
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:
        return Item(path, problem=f"'{path}' cannot be unpacked: {error}.")
    if len(content) > MAX_PICTURE_BYTES:
        return Item(path, problem=f"'{path}' is over {MAX_PICTURE_BYTES >> 20} MiB; leave it out.")
    return Item(path, content)
