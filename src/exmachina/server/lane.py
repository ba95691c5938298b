"""A queue, the one process that serves it, and the rule for whoever pauses while others wait."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from exmachina.server.control import Command
from exmachina.server.fair_queue import FairQueue
from exmachina.server.jobs import Job, Unit
from exmachina.server.worker import Worker


class NotNowError(Exception):
    """The training is not in a state in which it could do that; says so in one line."""


class Lane:
    """A queue and its process, which starts when it is first needed.

    A paused training keeps the process for as long as nothing else waits for it, and for `patience` seconds in
    all while something does; then it goes on by itself.
    """

    def __init__(self, niceness: int, guess: float, patience: float) -> None:
        self.niceness = niceness
        self.patience = patience
        self.queue: FairQueue[Unit] = FairQueue()
        self.worker: Worker | None = None
        self.running: Unit | None = None
        self.seconds = guess  # that a training takes here, a running mean
        self._clock: asyncio.TimerHandle | None = None  # runs while a pause makes others wait
        self._since = 0.0

    def command(self, command: Command, because: str = "you") -> None:
        """Tell the process what to do with the training that it is at."""
        assert self.running is not None and self.worker is not None
        self.worker.send({"unit": self.running.id, "command": command, "because": because})

    def lead(self, job: Job, command: Command) -> None:
        """Pause, resume or step the job's training, which this lane is at."""
        unit = self.running
        assert unit is not None and unit.job is job
        if command != "resume" and not unit.held and len(self.queue) and unit.patience_used >= self.patience:
            raise NotNowError(
                f"Other trainings are waiting, and this one has made them wait for {self.patience:g} seconds already."
            )
        unit.held = command != "resume"
        self.command(command)
        self.review()

    def review(self) -> None:
        """Start, stop or leave the clock of a pause, as others begin or cease to wait; tell the learner."""
        unit = self.running
        contested = unit is not None and unit.held and len(self.queue) > 0
        if unit is not None and contested and self._clock is None:
            self._since = time.monotonic()
            left = max(0.0, self.patience - unit.patience_used)
            self._clock = asyncio.get_running_loop().call_later(left, self._resume, unit)
        elif not contested and self._clock is not None:
            self.stop_clock()
        else:
            return
        if unit is not None and unit.held and unit.paused is not None:
            unit.job.tell(self.paused(unit.paused))

    def paused(self, message: dict[str, Any]) -> dict[str, Any]:
        """The worker's word that it waits, with what the learner has to know of others."""
        return {**message, "patience": self.patience, "others_wait": self._clock is not None}

    def stop_clock(self) -> None:
        """Nobody is kept waiting by a pause any more."""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
            if self.running is not None:
                self.running.patience_used += time.monotonic() - self._since

    def _resume(self, unit: Unit) -> None:
        if self.running is unit:
            self.stop_clock()
            unit.patience_used = self.patience
            unit.held = False
            self.command("resume", "others")
