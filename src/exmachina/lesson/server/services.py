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
from exmachina.lesson.server.collection import Collection
from exmachina.lesson.server.library import Library
from exmachina.lesson.server.settings import Settings
from exmachina.lesson.site import SiteFiles
from exmachina.runs import Run

T = TypeVar("T")
PREDICTIONS_WAITING = 64
FIRST_TRAINING = ("data/train-0.bin", "data/train-1.bin", "data/train-2.bin", "data/test-0.bin")


class Pool:
    """A few threads and a bounded line before them; beyond it, 503."""

    def __init__(self, threads: int, waiting: int, name: str, start: Callable[[], None] | None = None) -> None:
        self._threads = ThreadPoolExecutor(threads, name, initializer=start)
        self._room = threads + waiting

    async def run(self, work: Callable[[], T]) -> T:
        """Do the work in a thread and await its result."""
        if self._room <= 0:
            raise HTTPException(503, "Many others are asking; try again in a moment.", {"Retry-After": "2"})
        self._room -= 1
        loop = asyncio.get_running_loop()
        future: Future[T] = self._threads.submit(work)
        # The place is free when the work is done, not when somebody gives up waiting for it.
        future.add_done_callback(lambda _: _soon(loop, self._leave))
        return await asyncio.wrap_future(future)

    def _leave(self) -> None:
        self._room += 1

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
        # An upload of 25 megapixels must not hold up the others' strokes.
        self.predictions = Pool(2, PREDICTIONS_WAITING, "predict")
        self.uploads = Pool(1, settings.limits.images_waiting, "decode", step_back)

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
                file = self.settings.data_folder / "lesson" / "drawings.sqlite3"
                self._collection = Collection(file, per_learner=limits.drawings_per_learner, in_all=limits.drawings)
            return self._collection

    def close(self) -> None:
        """Let go of everything."""
        for pool in (self.predictions, self.uploads):
            pool.close()
        if self._collection is not None:
            self._collection.close()


def learner(request: Request) -> str:
    """Whose request this is."""
    name: str = request.state.learner
    return name
