"""What the routes share: files, runs, drawings and the threads in which arithmetic is done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from exmachina.classifier import Classifier
from exmachina.lesson.assess import step_back
from exmachina.lesson.collection import Collection
from exmachina.lesson.saving import save_archive, saved_runs
from exmachina.lesson.server.errors import NotFoundError
from exmachina.lesson.server.guards.guard import Visitor, visitor
from exmachina.lesson.server.guards.turns import Pace, Shares, Turns
from exmachina.lesson.server.guards.visitors import Visitors
from exmachina.lesson.server.settings import Settings
from exmachina.lesson.site import SiteFiles, page_files
from exmachina.runs import Run
from exmachina.runs.run import METADATA, PRETRAINED

KEPT_AT_ONCE, KEPT_PER_SECOND = 5000, 20.0  # drawings from one address, a whole class's perhaps
PREDICTIONS_WAITING, FILES_WAITING = 256, 512
WAIT = 25.0  # seconds, less than an answer may take
FIRST = "fast"  # the run that the page shows at first
T = TypeVar("T")


class Pool:
    """A few threads and a line before them in which learners take turns."""

    def __init__(self, threads: int, waiting: int, name: str, start: Callable[[], None] | None = None) -> None:
        self._threads = ThreadPoolExecutor(threads, name, initializer=start)
        line = Shares(waiting, max(2, waiting // 4), max(2, waiting // 2))
        self._turns = Turns(Shares(threads, max(1, threads // 2), threads), line, WAIT)

    async def run(self, work: Callable[[], T], who: Visitor) -> T:
        """Do the work in a thread when it is this visitor's turn, and await its result."""
        await self._turns.take(who)
        loop = asyncio.get_running_loop()

        def done(_: Any) -> None:
            with suppress(RuntimeError):  # the server has ended
                loop.call_soon_threadsafe(self._turns.give_back, who)

        future = self._threads.submit(work)
        # The place is free when the work is done, not when somebody gives up waiting for it.
        future.add_done_callback(done)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Start nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Services:
    """Everything behind the routes of one app. A run's name never becomes part of a path: it is looked up in a list."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.saved = settings.data_folder / "lesson" / "runs"
        shipped = {path.parent.name: path.parent for path in sorted(PRETRAINED.glob(f"*/{METADATA}"))}
        self.runs = {FIRST: shipped[FIRST]} | shipped | saved_runs(self.saved) | settings.runs
        self.page = page_files(settings.web_folder)
        self.site = SiteFiles(self.runs, server=True)
        self.visitors = Visitors()
        self.keeping = Pace(KEPT_AT_ONCE, KEPT_PER_SECOND)  # by address: learners can be made up
        # An upload of 25 megapixels must not hold up the others' strokes.
        self.predictions = Pool(2, PREDICTIONS_WAITING, "predict")
        self.uploads = Pool(1, settings.limits.images_waiting, "decode", step_back)
        self.files = Pool(8, FILES_WAITING, "files")  # what is made when it is first asked for
        self._opening = threading.Lock()

    def classifier(self, name: str) -> Classifier:
        """The classifier of a run. Raises `NotFoundError` naming what there is to choose from."""
        if name not in self.runs:
            raise NotFoundError(f"No run '{name[:60]}'. Choose one of: {', '.join(self.runs)}.")
        try:
            return _classifier(self.runs[name], (self.runs[name] / METADATA).stat().st_mtime_ns)
        except OSError:
            raise NotFoundError(f"Run '{name}' is gone; train it again.") from None

    def save(self, archive: bytes) -> dict[str, Any]:
        """Keep a training of the page as a run directory, and offer it from now on."""
        path = save_archive(archive, self.saved, self.settings.limits.saved_runs)
        self.runs[path.name] = path
        self.site.add(path.name, path)
        return {"name": path.name, "folder": str(path), "test_accuracy": Run.load(path).test_accuracy}

    @property
    def collection(self) -> Collection:
        """The drawings; the file is made when first needed. Safe to ask from any thread."""
        with self._opening:
            return self._collection

    @cached_property
    def _collection(self) -> Collection:
        return Collection(self.settings.drawings, self.settings.limits.room)

    def close(self) -> None:
        """Let go of everything."""
        for pool in (self.predictions, self.uploads, self.files):
            pool.close()
        if "_collection" in self.__dict__:
            self._collection.close()


@lru_cache(12)
def _classifier(folder: Path, _stamp: int) -> Classifier:
    return Classifier.load(folder)


def who(request: Request) -> Visitor:
    """Whose request this is, and from where."""
    return visitor(request.scope)


Who = Annotated[Visitor, Depends(who)]
