"""Trainings as their learners see them: a numbered list of events that can be read again from any point."""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal["training", "experiment", "finetune"]
HEARTBEAT_SECONDS = 10.0
FINAL = ("end", "stopped", "error")


def to_json(data: Any) -> str:
    """JSON as browsers read it: numbers that are not finite become null."""
    return json.dumps(_finite(data), ensure_ascii=False, allow_nan=False)


def _finite(data: Any) -> Any:
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return data


@dataclass(eq=False)
class Unit:
    """One turn of a job in the queue: a single training, as the worker gets it."""

    job: Job
    task: dict[str, Any]
    quick: bool
    value: Any = None  # in an experiment, what was varied
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    started: float | None = None
    stopping: bool = False
    held: bool = False  # its learner wants it to wait
    paused: dict[str, Any] | None = None  # what the worker said when it began to wait
    paused_at: float | None = None
    paused_seconds: float = 0.0
    patience_used: float = 0.0  # seconds for which its pauses made others wait

    def go_on(self) -> None:
        """It waits no longer."""
        if self.paused_at is not None:
            self.paused_seconds += time.monotonic() - self.paused_at
        self.paused = self.paused_at = None


@dataclass(eq=False)
class Job:
    """What a learner asked for with one press. Lives in the event loop's thread alone."""

    learner: str
    kind: Kind
    folder: Path  # for snapshots; may not exist yet
    about: dict[str, Any]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    created: float = field(default_factory=time.time)
    events: list[str] = field(default_factory=list)
    state: str = "queued"
    outstanding: int = 0  # units not yet finished
    results: list[dict[str, Any]] = field(default_factory=list)
    bytes_on_disk: int = 0
    place: int | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def done(self) -> bool:
        """Whether the last event has happened."""
        return self.state in FINAL

    def tell(self, event: dict[str, Any]) -> None:
        """Append an event and wake whoever is reading."""
        if self.done:
            return
        if event["type"] in FINAL:
            self.state = event["type"]
        elif event["type"] != "queued":
            self.state = "paused" if event["type"] == "paused" else "running"
        self.events.append(to_json(event))
        self.wake()

    def wake(self) -> None:
        """Let readers look again."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def read(self, after: int, closing: asyncio.Event) -> AsyncIterator[str]:
        """Server-sent events numbered from 1, those after number `after` first, until the last has been sent."""
        position = max(0, min(after, len(self.events)))
        yield "retry: 1000\n\n"
        while not closing.is_set():
            news = self._news
            while position < len(self.events):
                position += 1
                yield f"id: {position}\ndata: {self.events[position - 1]}\n\n"
            if self.done:
                return
            try:
                await asyncio.wait_for(news.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"

    def snapshot(self, index: int) -> Path:
        """Where the snapshot of that number is, or would be."""
        return self.folder / f"{index}.safetensors"

    def discard(self) -> None:
        """Remove the snapshots."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def to_json(self) -> dict[str, Any]:
        """What a list of jobs shows."""
        return {"id": self.id, "kind": self.kind, "state": self.state, "created": self.created, **self.about}
