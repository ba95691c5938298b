"""Training seen from a notebook: a curve that grows in place, and a line per epoch that stays."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from exmachina.training import EpochEnd, StepEnd, TrainingEnd, TrainingStarted

if TYPE_CHECKING:
    from exmachina.runs import Run
    from exmachina.training import Event

REFRESH_SECONDS = 0.25


def watch(events: Iterable[Event]) -> Run:
    """Plot the events of a training as they come and return its run.

    Interrupting the kernel stops after the present step and returns what was learned, marked as interrupted.
    """
    from IPython.display import display

    steps: list[StepEnd] = []
    losses: list[float] = []
    lines: list[str] = []
    handle: Any = display(_Text("preparing"), display_id=True)  # type: ignore[no-untyped-call]
    shown = time.monotonic()
    try:
        for event in events:
            match event:
                case TrainingStarted():
                    total = event.steps
                case StepEnd():
                    steps.append(event)
                    losses.append(event.loss)
                    if time.monotonic() - shown > REFRESH_SECONDS:
                        rate = event.step / max(event.seconds, 1e-9)
                        status = f"step {event.step} of {total}, {rate:.0f} a second"
                        status += f", {(total - event.step) / rate:.1f} s left"
                        status += f"   loss {event.loss:.3f}   accuracy {event.accuracy:.0%}"
                        handle.update(_Text("\n".join([*lines, status])))
                        shown = time.monotonic()
                case EpochEnd():
                    learned = f"loss {event.loss:.4f}   accuracy {event.accuracy:.3%}"
                    lines.append(f"epoch {event.epoch}   {learned}   {event.seconds:.2f} s")
                case TrainingEnd():
                    run = event.run
    except KeyboardInterrupt:
        if not steps:
            raise
        run = steps[-1].snapshot()
        lines.append(f"stopped after step {steps[-1].step}; this run is marked interrupted")
    handle.update(_Text("\n".join([*lines, f"{run.train_seconds:.2f} s in {run.precision}"])))
    from exmachina.figures import training_curve

    display(training_curve(run.history, losses, test_accuracy=run.test_accuracy))  # type: ignore[no-untyped-call]
    return run


class _Text:
    """Words that a notebook shows as they are."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __repr__(self) -> str:
        return self.words

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        return {"text/plain": self.words}
