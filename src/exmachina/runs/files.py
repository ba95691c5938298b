"""Files that appear whole or not at all, and are read no further than they should reach."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from exmachina.errors import InputError


def write_files(directory: str | Path, files: Mapping[str, bytes]) -> Path:
    """Write several files into a directory, made if need be, in the order given; return its path.

    Nothing is touched before all of them are on the disk under other names; on an error none of them, and no
    new directory, stays. Raises `InputError` if the directory cannot be written.
    """
    path = Path(directory)
    token = uuid4().hex[:8]
    partial = {name: path / f".{name}.{token}.partial" for name in files}
    fresh: list[Path] = []
    missing: list[Path] = []
    try:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
        blocked = next((name for name in files if (path / name).is_dir()), None)
        if blocked is not None:
            raise InputError(f"Cannot write '{path / blocked}': it is a directory; choose another directory.")
        fresh = [path / name for name in files if not (path / name).exists()]
        for name, content in files.items():
            partial[name].write_bytes(content)
        for name in files:
            partial[name].replace(path / name)
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
