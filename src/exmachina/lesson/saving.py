"""A training of the page, kept as a run directory on the host's computer."""

from __future__ import annotations

import io
import re
import shutil
import time
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from exmachina.classifier import Classifier
from exmachina.errors import InputError
from exmachina.lesson import digits
from exmachina.lesson.assess import assess
from exmachina.runs import Run, private_folder, versions, write_files
from exmachina.runs.run import METADATA, WEIGHTS

INCOMING = ".incoming-"
STRAY_SECONDS = 600  # after which nobody is still unpacking


def _sweep(folder: Path) -> None:
    """Remove what a killed server was unpacking."""
    for stray in folder.glob(f"{INCOMING}*"):
        with suppress(OSError):
            if time.time() - stray.stat().st_mtime > STRAY_SECONDS:
                shutil.rmtree(stray)


def saved_runs(folder: Path) -> dict[str, Path]:
    """The runs in a folder by name, without those that are damaged. What a killed server was unpacking is removed."""
    _sweep(folder)
    runs = {}
    for metadata in sorted(folder.glob(f"[!.]*/{METADATA}")):
        with suppress(InputError):
            Run.load(metadata.parent)
            runs[metadata.parent.name] = metadata.parent
    return runs


def save_archive(archive: bytes, folder: Path, most: int) -> Path:
    """Check the zip archive that the page makes of a training, and keep it as a run in a new directory in `folder`.

    Of what it says only weights, network, recipe, seed and history are kept, and each is checked as `Run.load` does;
    how well it reads is measured here. Raises `InputError` on anything else.
    """
    # Beside its place, not in the system's temporary folder: that may be small, and is everybody's.
    private_folder(folder)
    with TemporaryDirectory(dir=folder, prefix=INCOMING) as temporary:
        write_files(temporary, _unpacked(archive))
        sent = Run.load(temporary)
    if sent.network.classes != 10:
        raise InputError(f"The network tells {sent.network.classes} classes apart; a reader of digits needs 10.")
    measured = assess(Classifier(sent.network, sent.weights), digits.part("test"))
    run = Run(
        sent.network,
        sent.weights,
        {"name": sent.network.name, **sent.recipe},
        sent.seed,
        sent.history,
        sent.splits,
        sent.train_seconds,
        measured["nll"],
        measured["accuracy"],
        device="browser",
        versions=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return run.save(_free(folder, str(sent.recipe.get("name", sent.network.name)), most))


def _unpacked(archive: bytes) -> dict[str, bytes]:
    """The two files of a run. Nothing is decompressed, so that nothing grows, and no name becomes a path."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = {entry.filename.rsplit("/", 1)[-1]: entry for entry in opened.infolist()}
            stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries.values())
            if entries.keys() != {WEIGHTS, METADATA} or len(opened.infolist()) != 2 or not stored:
                raise InputError(f"The archive must hold {WEIGHTS} and {METADATA}, stored, and nothing else.")
            return {name: opened.read(entries[name]) for name in (WEIGHTS, METADATA)}
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("This is not a zip archive of a run, or it is damaged; save it from the page again.") from None


def _free(folder: Path, name: str, most: int) -> Path:
    """A directory that is not there yet, named after the recipe."""
    word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32] or "run"
    for number in range(1, most + 1):
        if not (path := folder / f"{word}-{number}").exists():
            return path
    raise InputError(f"There are {most} runs of this name already; delete some first.")
