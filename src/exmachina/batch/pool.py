"""Pictures decoded and normalised on all cores: on threads while there are few, in processes of their own then."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait

import numpy as np
from numpy.typing import NDArray

from exmachina.batch.items import Item
from exmachina.classifier import TOGETHER
from exmachina.errors import InputError, check_number
from exmachina.images import SIDE
from exmachina.images.clean import SMALL
from exmachina.images.cut import cut_out
from exmachina.images.drawings import normalize_drawings
from exmachina.images.files import read_image

FEW = 32  # pictures that are prepared at a time, at first, so that an answer comes soon
MOST_BYTES = 8 << 20  # of the contents of archives, sent to a process at a time
PATIENCE = 1.0  # seconds until processes are worth their start, which takes about half a second
MOST_WORKERS = 61  # Windows waits for no more


@dataclass(frozen=True)
class Prepared:
    """What came of some pictures: those with ink as uint8 (k, 28, 28), and why others are not among them.

    `several` are the places of pictures that seem to hold more digits than one.
    """

    images: NDArray[np.uint8]
    problems: dict[int, tuple[str, bool]]  # place among the pictures → reason, and whether it is merely blank
    several: frozenset[int] = frozenset()
    again: dict[int, NDArray[np.uint8]] = field(default_factory=dict)  # by a second look; the first may be black


def blank_line(item: Item) -> str:
    """What is said of a blank picture."""
    return f"'{item.path}' is blank; there is no digit to read."


def prepare(items: Sequence[Item]) -> Prepared:
    """Decode and normalise pictures."""
    pictures: dict[int, NDArray[np.uint8]] = {}
    problems: dict[int, tuple[str, bool]] = {}
    for place, item in enumerate(items):
        try:
            if item.problem:
                raise InputError(item.problem)
            pictures[place] = read_image(item.path if item.content is None else item.content)
        except InputError as error:
            problems[place] = str(error).replace("The image", f"'{item.path}'", 1), False
    prepared = _drawings(pictures)
    several, again = set(), {}
    for place in pictures.keys() - prepared.keys():
        cut = cut_out(pictures[place])
        if cut.looks:
            prepared[place] = np.zeros((SIDE, SIDE), np.uint8) if cut.image is None else cut.image
        else:
            problems[place] = blank_line(items[place]), True
        if cut.again is not None:
            again[place] = cut.again
        if cut.several:
            several.add(place)
    images = [prepared[place] for place in sorted(prepared)]
    stacked = np.stack(images) if images else np.zeros((0, SIDE, SIDE), np.uint8)
    return Prepared(stacked, problems, frozenset(several), again)


def _drawings(pictures: dict[int, NDArray[np.uint8]]) -> dict[int, NDArray[np.uint8]]:
    """Those of the pictures that can be normalised many at once, by their place."""
    prepared: dict[int, NDArray[np.uint8]] = {}
    for shape in {picture.shape for picture in pictures.values()}:
        places = [place for place, picture in pictures.items() if picture.shape == shape]
        if len(places) > 1 and max(shape) < SMALL:
            images, done = normalize_drawings(np.stack([pictures[place] for place in places]))
            prepared.update((place, images[number]) for number, place in enumerate(places) if done[number])
    return prepared


def prepare_all(items: Iterable[Item], workers: int | None = None) -> Iterator[tuple[list[Item], Prepared]]:
    """Some pictures at a time and what came of them, in order; few more are in memory than are being worked on.

    On `workers` processes, all cores unless told, or on one thread of this process if that is 1. Where nothing is
    said, threads do what takes less than a second. A picture that ends the process which reads it costs no other.
    """
    if workers is not None:
        check_number("workers", workers, 1, 1024)
    pool = _Pool(workers)
    remaining = iter(items)
    waiting: deque[tuple[list[Item], Future[Prepared]]] = deque()
    try:
        while True:
            while len(waiting) < 2 * pool.workers and (some := _some(remaining, pool.together)):
                waiting.append((some, pool.submit(some)))
            if not waiting:
                return
            some, future = waiting.popleft()
            try:
                result = future.result()
            except BrokenProcessPool:
                pool.renew()
                waiting = deque((others, pool.submit(others)) for others, _ in waiting)
                result = _one_by_one(some)
            yield some, result
    finally:
        pool.close()


def _some(items: Iterator[Item], most: int) -> list[Item]:
    some: list[Item] = []
    size = 0
    for item in items:
        some.append(item)
        size += len(item.content or b"")
        if len(some) == most or size > MOST_BYTES:
            break
    return some


class _Pool:
    """Threads of this process, which after a while, or if so many are asked for, become processes."""

    def __init__(self, workers: int | None) -> None:
        from exmachina.engine.model import cores

        self.workers = min(workers or cores(), MOST_WORKERS)
        self.together = FEW
        self._patience = {None: PATIENCE, 1: float("inf")}.get(workers, 0.0)
        self._start = time.monotonic()
        self._executors: list[ThreadPoolExecutor | ProcessPoolExecutor] = [ThreadPoolExecutor(self.workers)]

    def submit(self, items: list[Item]) -> Future[Prepared]:
        self.together = min(2 * self.together, TOGETHER)
        if len(self._executors) == 1 and time.monotonic() - self._start >= self._patience:
            self._executors.append(_processes(self.workers))
        try:
            with _bare_children():
                return self._executors[-1].submit(prepare, items)
        except BrokenProcessPool as broken:
            # By pictures that are still waited for. It is told when it is these pictures' turn.
            never: Future[Prepared] = Future()
            never.set_exception(broken)
            return never

    def renew(self) -> None:
        self._executors.append(_processes(self.workers))

    def close(self) -> None:
        for executor in self._executors:
            executor.shutdown(cancel_futures=True)


def _processes(count: int) -> ProcessPoolExecutor:
    """Processes that begin anew; on Linux one of them imports what all need, and is then copied."""
    context = get_context("forkserver" if sys.platform == "linux" else "spawn")
    context.set_forkserver_preload([__name__, "scipy.ndimage"])
    return ProcessPoolExecutor(count, context, initializer=_begin)


def _begin() -> None:
    """A process that leaves Ctrl-C to its parent, and that ends with it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:

        def follow() -> None:
            wait([parent.sentinel])
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()


@contextmanager
def _bare_children() -> Iterator[None]:
    """Processes that start meanwhile import nothing of whoever called and compute on one thread each.

    A script without `if __name__ == "__main__"` would run once more in each of them, and a notebook has none.
    """
    main = sys.modules["__main__"]
    kept = {name: getattr(main, name) for name in ("__file__", "__spec__") if hasattr(main, name)}
    threads = os.environ.get("OPENBLAS_NUM_THREADS")
    main.__spec__ = None
    main.__dict__.pop("__file__", None)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        main.__dict__.update(kept)
        if threads is None:
            del os.environ["OPENBLAS_NUM_THREADS"]
        else:
            os.environ["OPENBLAS_NUM_THREADS"] = threads


def _one_by_one(items: list[Item]) -> Prepared:
    """What came of pictures among which one may end its process: each is sent alone."""
    results: list[Prepared] = []
    while len(results) < len(items):
        with _processes(1) as alone, _bare_children():
            try:
                alone.submit(prepare, []).result()
            except BrokenProcessPool:
                raise InputError("No process for reading pictures can be started here; give --workers 1.") from None
            try:
                for item in items[len(results) :]:
                    results.append(alone.submit(prepare, [item]).result())
            except BrokenProcessPool:
                why = f"'{items[len(results)].path}' ended the process that read it; save it again or leave it out."
                results.append(Prepared(np.zeros((0, SIDE, SIDE), np.uint8), {0: (why, False)}))
    problems = {place: result.problems[0] for place, result in enumerate(results) if result.problems}
    several = frozenset(place for place, result in enumerate(results) if result.several)
    again = {place: result.again[0] for place, result in enumerate(results) if result.again}
    return Prepared(np.concatenate([result.images for result in results]), problems, several, again)
