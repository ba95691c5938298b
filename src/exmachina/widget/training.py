"""A training seen from a notebook: its curves, its kernels and its reading of one digit, as it happens."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from exmachina.classifier import Classifier
from exmachina.formatting import share
from exmachina.inspection import kernels
from exmachina.networks import Conv
from exmachina.training import StepEnd, TrainingEnd, TrainingStarted
from exmachina.widget.part import Part

if TYPE_CHECKING:
    from exmachina.figures import Plate
    from exmachina.runs import Run
    from exmachina.training import Event

MOMENTS = 40  # of a training that can be looked at again
POINTS = 500  # of a curve: as many as can be told apart; in a longer training each is the mean of some batches
SMALLEST_PAUSE = 0.05  # seconds between two messages to the page
BYTES_A_SECOND = 500_000  # Jupyter's server drops what comes faster than twice this


class TrainingView(Part):
    """The curves, the first layer's kernels and the reading of `image`, while `follow` takes a training's events.

    `moment` is the position, among those kept, of the moment that is looked at; `None` is the latest.
    """

    _part = traitlets.Unicode("training").tag(sync=True)
    _training = traitlets.Dict().tag(sync=True)
    moment = traitlets.Int(None, allow_none=True, min=0).tag(sync=True)

    def __init__(self, image: NDArray[np.uint8] | None = None, **traits: Any) -> None:
        super().__init__(image=image, **traits)
        self.run: Run | None = None
        self._losses: list[float] = []
        self._training = _Record().state("waiting")

    def __repr__(self) -> str:
        if self.run is None:
            return "TrainingView: nothing has been trained yet"
        tested = "" if self.run.test_accuracy is None else f", test accuracy {share(self.run.test_accuracy, 2)}"
        stopped = "interrupted after" if self.run.interrupted else "trained in"
        return f"TrainingView of {self.run.recipe['name']}: {stopped} {self.run.train_seconds:.2f} s{tested}"

    def follow(self, events: Iterable[Event]) -> Run:
        """Show the events of a training as they come and return its run.

        Interrupting the kernel stops after the present step and returns what was learned, marked as interrupted.
        """
        record, last = _Record(), None
        self.run, self._losses, self.moment = None, [], None
        due = time.monotonic()
        try:
            for event in events:
                match event:
                    case TrainingStarted():
                        record = _Record(event.recipe.name, event.steps, self.image)
                        record.look(0, event.snapshot())
                    case StepEnd():
                        last = event
                        self._losses.append(event.loss)
                        record.add(event)
                        if time.monotonic() >= due:
                            self._training = record.state("running")
                            due = time.monotonic() + max(SMALLEST_PAUSE, record.size / BYTES_A_SECOND)
                    case TrainingEnd():
                        self.run = event.run
        except KeyboardInterrupt:
            if last is None:
                raise
            self.run = last.snapshot()
        if self.run is None:
            raise ValueError("These events end before their training does; give all that `train` yields.")
        record.look(len(self._losses), self.run)
        self._training = record.state("stopped" if self.run.interrupted else "done", self.run)
        return self.run

    def picture(self) -> Plate | None:
        from exmachina.figures import training_curve

        if self.run is None or not self._losses:
            return None
        return training_curve(self.run.history, self._losses, test_accuracy=self.run.test_accuracy)


def watch(events: Iterable[Event], image: NDArray[np.uint8] | None = None) -> Run:
    """Show a training in the notebook as it happens, with its reading of `image`, and return its run."""
    from IPython.display import display

    view = TrainingView(image)
    handle: Any = display(view, display_id=True)  # type: ignore[no-untyped-call]
    run = view.follow(events)
    if handle is not None:  # outside a notebook there is none
        handle.update(view)  # with the picture of the whole training, for readers without a kernel
    return run


class _Record:
    """What the page is sent of a training."""

    def __init__(self, name: str = "", steps: int = 1, image: NDArray[np.uint8] | None = None) -> None:
        self._name, self._steps, self._image = name, steps, image
        self._batches = -(-steps // POINTS)  # that one point is the mean of
        self._pending: list[tuple[float, float]] = []
        self._points: list[tuple[float, float, float, float]] = []  # step, loss, accuracy, seconds
        self._moments: list[int] = []
        self._kernels: list[NDArray[np.float32]] = []
        self._probabilities: list[NDArray[np.float32]] = []

    def add(self, event: StepEnd) -> None:
        """One step, and now and then a moment to look at."""
        self._pending.append((event.loss, event.accuracy))
        if len(self._pending) == self._batches or event.step == self._steps:
            loss, accuracy = np.mean(self._pending, axis=0)
            self._points.append((event.step, loss, accuracy, event.seconds))
            self._pending = []
        if event.step * MOMENTS // self._steps > (event.step - 1) * MOMENTS // self._steps:
            self.look(event.step, event.snapshot())

    def look(self, step: int, run: Run) -> None:
        """The kernels, and the reading of the image, of this moment."""
        if self._moments and self._moments[-1] == step:
            return
        self._moments.append(step)
        if any(isinstance(layer, Conv) for layer in run.network.layers):
            self._kernels.append(kernels(run).values)
        if self._image is not None:
            self._probabilities.append(Classifier.from_run(run).probabilities(self._image[None])[0])

    @property
    def size(self) -> int:
        """Bytes of `state`, nearly."""
        return 16 * len(self._points) + sum(values.nbytes for values in [*self._kernels, *self._probabilities])

    def state(self, status: str, run: Run | None = None) -> dict[str, Any]:
        """Plain values and bytes, float32."""
        return {
            "name": self._name,
            "status": status,
            "steps": self._steps,
            "points": np.asarray(self._points, np.float32).tobytes(),
            "moments": list(self._moments),
            "kernels": np.asarray(self._kernels, np.float32).tobytes(),
            "kernel_shape": list(self._kernels[0].shape) if self._kernels else [],
            "probabilities": np.asarray(self._probabilities, np.float32).tobytes(),
            "test_accuracy": run.test_accuracy if run else None,
            "seconds": run.train_seconds if run else None,
        }
