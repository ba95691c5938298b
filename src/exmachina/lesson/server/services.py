"""What the routes share: files, runs, drawings and the threads in which arithmetic is done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from fastapi import HTTPException, Request

from exmachina.lesson.assess import step_back
from exmachina.lesson.saving import save_archive
from exmachina.lesson.server.assets import Asset, Assets, as_asset
from exmachina.lesson.server.collection import Collection, Room
from exmachina.lesson.server.guards.answers import Visitor, visitor
from exmachina.lesson.server.guards.turns import Pace, Share, TurnedAwayError, Turns
from exmachina.lesson.server.guards.visitors import Visitors
from exmachina.lesson.server.library import Library
from exmachina.lesson.server.settings import Settings
from exmachina.lesson.site import SiteFiles
from exmachina.runs import Run

KEPT_AT_ONCE, KEPT_PER_SECOND = 5000, 20.0  # drawings from one address, a whole class's perhaps
T = TypeVar("T")
PREDICTIONS_WAITING, FILES_WAITING = 256, 512
WAIT = 25.0  # seconds, less than an answer may take
FIRST_TRAINING = ("data/train-0.bin", "data/train-1.bin", "data/train-2.bin", "data/test-0.bin")


class Pool:
    """A few threads and a line before them in which learners take turns."""

    def __init__(self, threads: int, waiting: int, name: str, start: Callable[[], None] | None = None) -> None:
        self._threads = ThreadPoolExecutor(threads, name, initializer=start)
        share = Share(max(1, threads // 2), threads, max(2, waiting // 4), max(2, waiting // 2))
        self._turns = Turns(threads, share, waiting, WAIT)

    async def run(self, work: Callable[[], T], who: Visitor) -> T:
        """Do the work in a thread when it is this visitor's turn, and await its result."""
        try:
            await self._turns.take(who)
        except TurnedAwayError as error:
            raise HTTPException(error.status, error.line, {"Retry-After": "2"}) from None
        loop = asyncio.get_running_loop()
        future: Future[T] = self._threads.submit(work)
        # The place is free when the work is done, not when somebody gives up waiting for it.
        future.add_done_callback(lambda _: _soon(loop, lambda: self._turns.give_back(who)))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Start nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)


class Services:
    """Everything behind the routes of one app."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.assets = Assets(settings.web_folder)
        self.library = Library(settings)
        self.site = SiteFiles(self.library.runs(), server=True)
        self._data: dict[str, Asset] = {}
        self._collection: Collection | None = None
        self._opening = threading.Lock()
        self.visitors = Visitors()
        self.keeping = Pace(KEPT_AT_ONCE, KEPT_PER_SECOND)  # by address: learners can be made up
        # An upload of 25 megapixels must not hold up the others' strokes.
        self.predictions = Pool(2, PREDICTIONS_WAITING, "predict")
        self.uploads = Pool(1, settings.limits.images_waiting, "decode", step_back)
        self.files = Pool(8, FILES_WAITING, "files")  # what is made when it is first asked for

    def data(self, path: str) -> Asset | None:
        """A file of the page's data, or `None`."""
        content = self.site.get(path)
        if content is None:
            return None
        known = self._data.get(path)
        if known is None or known.content is not content:
            known = self._data[path] = as_asset(path, content)
        return known

    def prepare(self) -> None:
        """Make what a class's first training asks for before it does; packing it takes seconds."""
        step_back()
        for path in FIRST_TRAINING:
            self.data(path)

    def save(self, archive: bytes) -> dict[str, Any]:
        """Keep a training of the page as a run directory, and offer it from now on."""
        path = save_archive(archive, self.library.saved, self.settings.limits.saved_runs)
        self.library.add(path.name, path)
        self.site.add(path.name, path)
        return {"name": path.name, "folder": str(path), "test_accuracy": Run.load(path).test_accuracy}

    @property
    def collection(self) -> Collection:
        """The drawings; the file is made when first needed. Safe to ask from any thread."""
        with self._opening:
            if self._collection is None:
                limits = self.settings.limits
                self._collection = Collection(self.settings.drawings, Room.of(limits))
            return self._collection

    def close(self) -> None:
        """Let go of everything."""
        for pool in (self.predictions, self.uploads, self.files):
            pool.close()
        if self._collection is not None:
            self._collection.close()


def learner(request: Request) -> str:
    """Whose request this is."""
    return visitor(request.scope).learner


def who(request: Request) -> Visitor:
    """Whose request this is, and from where."""
    return visitor(request.scope)
