"""The fair queue and the training processes behind it: who trains, who waits, who is told what."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from exmachina.evaluation.intervals import over_seeds
from exmachina.server.control import Command
from exmachina.server.jobs import Job, Kind, Unit
from exmachina.server.lane import Lane, NotNowError
from exmachina.server.library import Library
from exmachina.server.settings import Settings
from exmachina.server.worker import Worker

STOP_SECONDS = 15.0  # to the next step; a process that does not answer by then is replaced
COMPANY_SECONDS = 60.0  # so long after an order its learner counts as present
DIED = "The training process ended unexpectedly; try again, perhaps with a smaller network."
log = logging.getLogger("exmachina.server")


class TooManyError(Exception):
    """The learner, or the whole class, has asked for more trainings than can wait; says so in one line."""


def _count(trainings: int) -> str:
    return "1 training is" if trainings == 1 else f"{trainings} trainings are"


class Hub:
    """All jobs. Every method runs in the event loop's thread.

    Trainings of seconds and trainings of minutes queue in lanes of their own, so that nobody waits minutes for
    a second's work; the long ones get what processor time the short ones leave.
    """

    def __init__(self, settings: Settings, library: Library) -> None:
        self.settings = settings
        self.limits = settings.limits
        self.library = library
        self.jobs: dict[str, Job] = {}
        patience = self.limits.pause_seconds
        self.lanes = {
            True: Lane(niceness=1, guess=2.0, patience=patience),
            False: Lane(niceness=10, guess=60.0, patience=patience),
        }
        self.closing = asyncio.Event()
        self._folder: Path | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Begin, in the running event loop; with `settings.warm`, start the first process in the background."""
        self._loop = asyncio.get_running_loop()
        if self.settings.warm:
            self._loop.call_later(0.2, self._worker, self.lanes[True])

    def close(self) -> None:
        """End everything: streams finish, processes die, snapshots go. Finished runs stay."""
        self.closing.set()
        for job in self.jobs.values():
            job.wake()
        for lane in self.lanes.values():
            if lane.worker is not None:
                lane.worker.kill()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def new_job(self, learner: str, kind: Kind, about: dict[str, Any]) -> Job:
        """A job without work yet; raises `TooManyError` if the learner or the class has enough waiting."""
        unfinished = [job for job in self.jobs.values() if not job.done]
        mine = sum(job.learner == learner for job in unfinished)
        if mine >= self.limits.jobs_per_learner:
            raise TooManyError(f"{mine} trainings of yours are waiting or running; wait for one or stop it.")
        if len(unfinished) >= self.limits.jobs_waiting:
            raise TooManyError(f"{_count(len(unfinished))} waiting; try again in a minute.")
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="exmachina-"))
        job = Job(learner, kind, self._folder, about)
        job.folder = self._folder / job.id
        return job

    def submit(self, job: Job, units: list[Unit]) -> None:
        """Queue a job's trainings; they run in turn with other learners'."""
        job.outstanding = len(units)
        self.jobs[job.id] = job
        for unit in units:
            self.lanes[unit.quick].queue.put(job.learner, unit)
        self._tell_places()
        for lane in self.lanes.values():
            self._pump(lane)
        self._forget_old(job.learner)

    def find(self, learner: str, key: str) -> Job | None:
        """The learner's job of that id; other learners' do not exist for them."""
        job = self.jobs.get(key)
        return job if job is not None and job.learner == learner else None

    def stop(self, job: Job) -> None:
        """Take the job out of the queue, or end it at its next step."""
        if job.done:
            return
        for lane in self.lanes.values():
            lane.queue.remove(lambda unit: unit.job is job)
            if lane.running is not None and lane.running.job is job and lane.worker is not None:
                lane.running.stopping = True
                lane.command("stop")
                assert self._loop is not None
                self._loop.call_later(STOP_SECONDS, self._insist, lane, lane.running)
        running = [lane for lane in self.lanes.values() if lane.running is not None and lane.running.job is job]
        job.outstanding = len(running)
        if not running:
            self._finish_stopped(job)
        self._tell_places()

    def lead(self, job: Job, command: Command) -> None:
        """Pause, resume or step a training; raises `NotNowError` if it is not running."""
        lane = next((lane for lane in self.lanes.values() if lane.running and lane.running.job is job), None)
        if job.kind == "experiment" or lane is None or lane.worker is None:
            kind = {"training": "training", "finetune": "fine-tuning", "experiment": "experiment"}[job.kind]
            state = "cannot be paused" if job.kind == "experiment" else "is over" if job.done else "has not begun"
            raise NotNowError(f"This {kind} {state}; a training can be paused while it runs.")
        lane.lead(job, command)

    def waiting(self) -> int:
        """Trainings in all queues."""
        return sum(len(lane.queue) for lane in self.lanes.values())

    def _finish_stopped(self, job: Job) -> None:
        extra = {"table": self._table(job)} if job.kind == "experiment" else {}
        job.tell({"type": "stopped", "run_id": None, **extra})

    def _threads(self) -> int:
        """All cores for a single learner; half of them where others draw and train at the same time."""
        lately = time.time() - COMPANY_SECONDS
        learners = {job.learner for job in self.jobs.values() if not job.done or job.created > lately}
        return self.settings.threads if len(learners) <= 1 else max(1, self.settings.threads // 2)

    def _worker(self, lane: Lane) -> Worker:
        if lane.worker is None:
            lane.worker = Worker(self._hear, niceness=lane.niceness)
        return lane.worker

    def _insist(self, lane: Lane, unit: Unit) -> None:
        if lane.running is unit and lane.worker is not None:
            lane.worker.kill()

    def _pump(self, lane: Lane) -> None:
        """Give the process its next training, if it is free."""
        if lane.running is not None or self.closing.is_set():
            return
        unit = lane.queue.take()
        if unit is None:
            return
        lane.running = unit
        unit.started = time.monotonic()
        job = unit.job
        if job.kind == "experiment" and not job.results and job.state == "queued":
            job.tell({"type": "started", **job.about})
        self._worker(lane).send({**unit.task, "unit": unit.id, "threads": self._threads()})
        self._tell_places()

    def _hear(self, worker: Worker, message: dict[str, Any]) -> None:
        """A message arrives in the worker's own thread; take it over to the event loop."""
        assert self._loop is not None
        with suppress(RuntimeError):  # the loop has closed
            self._loop.call_soon_threadsafe(partial(self._handle, worker, message))

    def _handle(self, worker: Worker, message: dict[str, Any]) -> None:
        lane = next((lane for lane in self.lanes.values() if lane.worker is worker), None)
        if lane is None or self.closing.is_set():
            return
        unit = lane.running
        if message["type"] == "died":
            lane.worker = None
            if unit is not None:
                log.error("A training process died with status %s.", worker.process.returncode)
                died = {"type": "error", "error": DIED}
                self._conclude(lane, unit, {"type": "stopped", "run_id": None} if unit.stopping else died)
            return
        if unit is None or message.pop("unit", None) != unit.id:
            return
        if message["type"] in ("end", "stopped", "error", "result"):
            self._conclude(lane, unit, message)
            return
        if message["type"] == "snapshot":
            unit.job.bytes_on_disk += message.pop("bytes")
            message["url"] = f"/api/v1/trainings/{unit.job.id}/snapshots/{message['index']}"
        if message["type"] == "paused":
            unit.paused, unit.paused_at = message, unit.paused_at or time.monotonic()
            message = lane.paused(message)
        if message["type"] == "resumed":
            unit.go_on()
        unit.job.tell(message)

    def _conclude(self, lane: Lane, unit: Unit, message: dict[str, Any]) -> None:
        """A training is over: tell its learner, keep its run, and let the next one begin."""
        job = unit.job
        lane.stop_clock()
        lane.running = None
        job.outstanding -= 1
        unit.go_on()
        if unit.started is not None and message["type"] in ("end", "result"):
            lane.seconds += 0.3 * (time.monotonic() - unit.started - unit.paused_seconds - lane.seconds)
        if job.kind == "experiment":
            self._experiment(job, unit, message)
        else:
            if message.get("run_id"):
                asyncio.get_running_loop().run_in_executor(None, self.library.keep, job.learner, message["run_id"])
            job.tell(message)
        self._pump(lane)
        self._tell_places()
        self._forget_old(job.learner)

    def _experiment(self, job: Job, unit: Unit, message: dict[str, Any]) -> None:
        if message["type"] == "error":
            # One bad value must not cost the results of the others.
            message = {"type": "result", "seed": unit.task["seed"], "accuracy": None, "error": message["error"]}
        if message["type"] == "result":
            result = {**message, "value": unit.value}
            job.results.append(result)
            job.tell(result)
        if not job.outstanding:
            if message["type"] == "stopped":
                self._finish_stopped(job)
            else:
                job.tell({"type": "end", "table": self._table(job)})

    @staticmethod
    def _table(job: Job) -> list[dict[str, Any]]:
        rows: list[tuple[Any, list[float]]] = []
        for value in job.about["values"]:
            found = [r["accuracy"] for r in job.results if r["value"] == value and r["accuracy"] is not None]
            rows.append((value, found))
        table = []
        for value, found in rows:
            row: dict[str, Any] = {"value": value, "mean": None, "sd": None, "n": len(found), "interval": None}
            if found:
                summary = over_seeds(found)
                interval = summary.interval
                row |= {"mean": summary.mean, "sd": summary.sd}
                row["interval"] = [interval.low, interval.high] if interval is not None else None
            table.append(row)
        return table

    def _tell_places(self) -> None:
        """Tell everybody who waits for a first turn how many trainings come before theirs, when that changes."""
        for lane in self.lanes.values():
            seen: set[Job] = set()
            for place, unit in enumerate(lane.queue.order(), start=int(lane.running is not None)):
                job = unit.job
                if job in seen or job.state != "queued":
                    continue
                seen.add(job)
                if job.place != place:
                    job.place = place
                    seconds = round(place * lane.seconds, 1)
                    job.tell({"type": "queued", "position": place, "estimated_seconds": seconds})
            lane.review()

    def _forget_old(self, learner: str) -> None:
        """Drop the oldest finished jobs beyond what is kept: per learner, in all, and in bytes of snapshots."""
        done = [job for job in self.jobs.values() if job.done]  # oldest first
        mine = [job for job in done if job.learner == learner]
        surplus = mine[: max(0, len(mine) - self.limits.kept_jobs_per_learner)]
        surplus += done[: max(0, len(done) - self.limits.kept_jobs)]
        on_disk = sum(job.bytes_on_disk for job in done)
        for job in done:
            if on_disk <= self.limits.snapshots_on_disk:
                break
            on_disk -= job.bytes_on_disk
            surplus.append(job)
        for job in set(surplus):
            del self.jobs[job.id]
            asyncio.get_running_loop().run_in_executor(None, job.discard)
