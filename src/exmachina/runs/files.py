"""Files that appear whole or not at all, and are read no further than they should reach."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from exmachina.errors import InputError

COMMIT = ".exmachina-commit"  # which files are about to take whose place
PARTIAL = re.compile(r"\.[0-9a-f]{8}\.partial$")
STRAY_SECONDS = 3600


def write_files(directory: str | Path, files: Mapping[str, bytes]) -> Path:
    """Write several files into a directory, made if need be, in the order given; return its path.

    Nothing is touched before all of them are on the disk under other names; on an error none of them, and no
    new directory, stays. Ended at any moment, a power cut included, the directory holds all of the old files or all of
    the new ones (see `finish_writing`). A link is written through; what is no plain file is refused. Raises
    `InputError` if the directory cannot be written.
    """
    path = Path(directory)
    token = uuid4().hex[:8]
    partial: dict[Path, Path] = {}
    fresh: list[Path] = []
    missing: list[Path] = []
    try:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
        finish_writing(path)
        _sweep(path)
        targets = {name: _target(path / name) for name in files}
        partial = {target: target.with_name(f".{target.name}.{token}.partial") for target in targets.values()}
        fresh = [target for target in partial if not target.exists()]
        for name, content in files.items():
            file = partial[targets[name]]
            file.write_bytes(content)
            _on_disk(file)
        promised = len(files) > 1 and len(fresh) < len(files) and all(target.parent == path for target in partial)
        if promised:
            _promise(path, {target.name: file.name for target, file in partial.items()}, token)
        for target, file in partial.items():
            file.replace(target)
        _on_disk(path)
        if promised:
            (path / COMMIT).unlink()
    except BaseException as error:  # Ctrl-C too leaves nothing behind
        for file in (*partial.values(), *fresh):
            with suppress(OSError, ValueError):
                file.unlink()
        for folder in missing:
            with suppress(OSError, ValueError):
                folder.rmdir()
        if isinstance(error, OSError | ValueError) and not isinstance(error, InputError):
            raise _cannot_write(directory, error) from None
        raise
    return path


def finish_writing(directory: Path) -> None:
    """Carry on where a process was killed while it replaced several files: afterwards all of them are the new ones.

    Raises `InputError` if that cannot be done.
    """
    commit = directory / COMMIT
    if not commit.is_file():
        return
    try:
        promised = json.loads(read_limited(commit, 1 << 16))
        for name, file in promised.items():
            if Path(name).name != name or not re.fullmatch(rf"\.{re.escape(name)}\.[0-9a-f]{{8}}\.partial", file):
                raise ValueError("it names other files")  # a stranger's folder
            if (directory / file).is_file():
                (directory / file).replace(directory / name)
        commit.unlink()
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f"'{directory}' was left half written, and cannot be completed: {_reason(error)}.") from None


def _sweep(directory: Path) -> None:
    """Remove what killed processes were writing, long ago enough that none of them still is."""
    for stray in directory.glob(".*.partial"):
        if PARTIAL.search(stray.name):
            with suppress(OSError):
                if time.time() - stray.lstat().st_mtime > STRAY_SECONDS:
                    stray.unlink()


def _promise(directory: Path, partial: Mapping[str, str], token: str) -> None:
    """From here on the new files count: whoever comes next renames what is not renamed yet."""
    draft = directory / f"{COMMIT}.{token}.partial"
    try:
        draft.write_bytes(json.dumps(partial).encode())
        _on_disk(draft)
        draft.rename(directory / COMMIT)
        _on_disk(directory)
    finally:
        draft.unlink(missing_ok=True)


def _target(path: Path) -> Path:
    """The plain file, there or not yet, that a path leads to."""
    target = path.resolve() if path.is_symlink() else path
    if target.is_dir():
        raise InputError(f"Cannot write '{path}': it is a directory; choose another directory.")
    if target.exists() and not target.is_file():
        raise InputError(f"Cannot write '{path}': it is a device or a pipe; name a file.")
    return target


def _on_disk(path: Path) -> None:
    """Wait until a file's content, or a directory's list of names, outlasts a power cut."""
    with suppress(PermissionError):  # Windows opens no directories, and needs none
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def private_folder(directory: Path) -> Path:
    """Make a folder that only its owner can enter; one that is there already is closed to others."""
    for folder in reversed([folder for folder in (directory, *directory.parents) if not folder.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)
    if directory.stat().st_mode & 0o077:
        with suppress(PermissionError):  # it is somebody else's, who lets us in
            directory.chmod(0o700)
    return directory


def check_writable(directory: str | Path) -> None:
    """Find out before a long training whether its run can be saved. Raises `InputError` if not."""
    path = Path(directory)
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.lstat()  # unlike `exists`, tells what is wrong with an impossible name
        if path.exists() and not path.is_dir():
            raise InputError(f"'{directory}' is a file; give a directory.")
        existing = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
        probe = existing / f".exmachina-{uuid4().hex[:8]}"
        probe.touch(exist_ok=False)
        probe.unlink()
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise _cannot_write(directory, error) from None


def read_limited(path: Path, limit: int) -> bytes:
    """The content of a plain file of at most `limit` bytes. Raises `InputError` on anything else."""
    try:
        if path.exists() and not path.is_file():  # a device or a pipe might never end
            raise InputError(f"'{path}' is not a plain file; the run is damaged.")
        with path.open("rb") as file:
            content = file.read(min(limit, path.stat().st_size) + 1)
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(f"Cannot read '{path}': {_reason(error)}.") from None
    if len(content) > limit:
        raise InputError(f"'{path}' is larger than it can be ({limit:,} bytes); the run is damaged.")
    return content


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _cannot_write(directory: str | Path, error: Exception) -> InputError:
    return InputError(f"Cannot write to '{directory}': {_reason(error)}; choose another directory.")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
