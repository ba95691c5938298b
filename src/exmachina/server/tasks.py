"""What the training process does with a task: the library's own training, told as plain events."""

from __future__ import annotations

import base64
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from exmachina.classifier import Classifier
from exmachina.data import Dataset, load_mnist, split
from exmachina.data.dataset import SIDE
from exmachina.errors import InputError
from exmachina.runs import Run
from exmachina.server.control import Control
from exmachina.server.specs import recipe_from_json
from exmachina.training import get_recipe, train
from exmachina.training.events import EpochEnd, Event, StepEnd, TrainingEnd, TrainingStarted
from exmachina.training.finetune import finetune

Message = dict[str, Any]
STEPS_TOLD = 200
SNAPSHOT_BYTES = 96 << 20  # of one training, and as much again of its pauses; a large network gets fewer snapshots
SNAPSHOTS = 1000
VALIDATION = 10_000
DIVERGED = "The loss is no longer a number: the steps were too large. Try a smaller learning rate."

mnist = lru_cache(load_mnist)


@lru_cache(1)
def halves() -> tuple[Dataset, Dataset]:
    """MNIST's training set without, and with nothing but, the part that experiments are judged on."""
    parts = split(mnist()[0], VALIDATION)
    return parts.train, parts.validation


def warm_up() -> None:
    """Load the data and the engine, so that the first learner does not wait for them."""
    train_set, test_set = mnist()
    for _ in train(get_recipe("fast"), train_set[:1024], test=test_set[:256]):
        pass


def run_task(task: Message, stopped: Callable[[], bool], control: Control | None = None) -> Iterator[Message]:
    """Carry out one task; the last message is of type end, stopped, error or, in an experiment, result.

    `control` may make a training wait between two steps; an experiment never waits.
    """
    if task["kind"] == "experiment":
        yield from _measure(task, stopped)
        return
    work = {"training": _train, "finetune": _finetune}[task["kind"]]
    yield from work(task, _Recorder(task, stopped, control or Control()))


def _train(task: Message, recorder: _Recorder) -> Iterator[Message]:
    train_set, test_set = mnist()
    events = train(recipe_from_json(task["recipe"]), train_set, task["seed"], test=test_set, threads=task["threads"])
    yield from recorder.follow(events, {})


def _finetune(task: Message, recorder: _Recorder) -> Iterator[Message]:
    train_set, test_set = mnist()
    images = np.frombuffer(base64.b64decode(task["images"]), np.uint8).reshape(-1, SIDE, SIDE)
    mine = Dataset(images, np.array(task["labels"], np.uint8), "my digits")
    run = Run.load(task["run"])
    before = {"before": _accuracies(run, test_set, mine)}
    events = finetune(run, mine, train_set, task["seed"], test=test_set)
    for message in recorder.follow(events, before):
        if message["type"] == "end":
            message["after"] = _accuracies(Run.load(Path(task["out"])), test_set, mine)
        yield message


def _measure(task: Message, stopped: Callable[[], bool]) -> Iterator[Message]:
    train_set, validation = halves()
    recipe, accuracy = recipe_from_json(task["recipe"]), math.nan
    for event in train(recipe, train_set, task["seed"], validation=validation, threads=task["threads"]):
        if stopped():
            yield {"type": "stopped"}
            return
        if isinstance(event, EpochEnd) and event.validation_accuracy is not None:
            accuracy = event.validation_accuracy
        if isinstance(event, TrainingEnd):
            yield {"type": "result", "seed": task["seed"], "accuracy": accuracy, "seconds": event.seconds}


def _accuracies(run: Run, test: Dataset, mine: Dataset) -> dict[str, float]:
    reader = Classifier.from_run(run)
    accuracies = [reader.accuracy(data.images, data.labels) for data in (test, mine)]
    return {"test_accuracy": accuracies[0], "collection_accuracy": accuracies[1]}


class _Recorder:
    """Turns training events into messages, snapshots into files and the last into a saved run.

    The clock stands still while messages and files are written and while the training is paused: the seconds
    told are those of training.
    """

    def __init__(self, task: Message, stopped: Callable[[], bool], control: Control) -> None:
        self.task = task
        self.stopped = stopped
        self.control = control
        self.deadline = time.monotonic() + task["job_seconds"]
        self.paused = 0.0
        self.pauses: dict[int, float] = {}  # by epoch
        self.told: set[int] = set()
        self.moments: set[int] = set()
        self.room = 0  # for snapshots
        self.index = 0

    def follow(self, events: Iterator[Event], extra: Message) -> Iterator[Message]:
        """Messages until the training is over, stopped or diverged."""
        for event in events:
            began = time.perf_counter()
            if isinstance(event, TrainingEnd):
                yield self._end(event.run, "end", extra)
                return
            waits = self.control.paused and not isinstance(event, EpochEnd)
            step = event.step if isinstance(event, StepEnd) else 0
            if waits:
                self._want(step)
            for message in self._see(event):
                yield message
                if message["type"] == "error":
                    return
            if waits:
                yield from self._wait(step)
            self.paused += time.perf_counter() - began
            if self.stopped() or time.monotonic() > self.deadline:
                yield self._end(event.snapshot(), "stopped", extra)
                return

    def _want(self, step: int) -> None:
        """Who has paused wants to see this very step: tell it, and keep its weights if there is room."""
        self.told.add(step)
        if len(self.moments) < self.room:
            self.moments.add(step)

    def _wait(self, step: int) -> Iterator[Message]:
        yield {"type": "paused", "step": step}
        began = time.monotonic()
        self.control.wait()
        self.deadline += time.monotonic() - began
        if not self.control.paused:
            yield {"type": "resumed", "because": self.control.because}

    def _see(self, event: TrainingStarted | StepEnd | EpochEnd) -> Iterator[Message]:
        if isinstance(event, TrainingStarted):
            self._plan(event)
            yield {
                "type": "started",
                "recipe": event.recipe.name,
                "seed": event.seed,
                "steps": event.steps,
                "steps_per_epoch": event.steps_per_epoch,
                "images": event.images,
                "precision": event.precision,
                "device": event.device,
                "threads": event.threads,
                "parameters": event.recipe.network.parameters,
                "network": event.recipe.network.to_json(),
            }
            yield from self._snapshot(event.snapshot(), 0)
        elif isinstance(event, StepEnd):
            if event.step in self.told:
                loss = event.loss
                yield {
                    "type": "step",
                    "step": event.step,
                    "epoch": event.epoch,
                    "loss": loss if math.isfinite(loss) else None,
                    "accuracy": event.accuracy,
                    "learning_rate": event.learning_rate,
                    "seconds": event.seconds - self.paused,
                }
                if not math.isfinite(loss):
                    yield {"type": "error", "error": DIVERGED}
                    return
            if event.step in self.moments:
                yield from self._snapshot(event.snapshot(), event.step)
        else:
            self.pauses[event.epoch] = self.paused
            yield {
                "type": "epoch",
                "epoch": event.epoch,
                "step": event.step,
                "loss": event.loss,
                "accuracy": event.accuracy,
                "seconds": event.seconds - self.paused,
            }

    def _plan(self, event: TrainingStarted) -> None:
        """Which steps to tell and which moments to keep; kernels form early, so more of them early."""
        told = min(event.steps, STEPS_TOLD)
        self.told = {math.ceil(event.steps * (i + 1) / told) for i in range(told)} | {1}
        if len(self.told) > STEPS_TOLD:
            self.told.discard(min(self.told - {1}))
        size = 4 * sum(map(math.prod, event.recipe.network.weight_shapes().values()))
        moments = min(self.task["snapshots"], SNAPSHOT_BYTES // size)
        if moments > 1:
            self.room = min(2 * SNAPSHOT_BYTES // size, SNAPSHOTS)
            self.moments = {round(event.steps * (i / (moments - 1)) ** 1.5) for i in range(moments)}

    def _snapshot(self, run: Run, step: int) -> Iterator[Message]:
        if step not in self.moments:
            return
        folder = Path(self.task["snapshot_folder"])
        folder.mkdir(parents=True, exist_ok=True)
        content = save({name: np.ascontiguousarray(array) for name, array in run.weights.items()})
        (folder / f"{self.index}.safetensors").write_bytes(content)
        yield {"type": "snapshot", "index": self.index, "step": step, "bytes": len(content)}
        self.index += 1

    def _end(self, run: Run, kind: str, extra: Message) -> Message:
        if not all(np.isfinite(array).all() for array in run.weights.values()):
            return {"type": "error", "error": DIVERGED}
        history = []
        for entry in run.history:
            seconds, epoch = entry["seconds"], entry["epoch"]
            assert seconds is not None and epoch is not None
            history.append({**entry, "seconds": seconds - self.pauses.get(int(epoch), 0.0)})
        run = replace(run, train_seconds=run.train_seconds - self.paused, history=history)
        out = Path(self.task["out"])
        try:
            run.save(out)
        except InputError:
            raise InputError("The trained network cannot be kept; is the disk full?") from None
        return {
            "type": kind,
            "run_id": out.name,
            "test_accuracy": run.test_accuracy,
            "test_loss": run.test_loss,
            "train_seconds": run.train_seconds,
            **extra,
        }
