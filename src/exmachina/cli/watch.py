"""Training seen from the terminal: a live bar and curve, a line per epoch that stays, Ctrl-C that keeps the run."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from exmachina.cli.terminal import ACCENT, QUIET, curve
from exmachina.formatting import share

if TYPE_CHECKING:
    from exmachina.runs import Run
    from exmachina.training import EpochEnd, Event, StepEnd, TrainingStarted

REFRESH_SECONDS = 0.1
BAR = 16  # characters


class Stop:
    """Whether Ctrl-C was pressed."""

    pressed = False


@contextmanager
def graceful_interrupt() -> Iterator[Stop]:
    """Turn the first Ctrl-C or SIGTERM into a wish to stop after the present step; a second one stops at once."""
    stop = Stop()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.pressed:
            raise KeyboardInterrupt
        stop.pressed = True

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def watch(events: Iterable[Event], console: Console, *, show_curve: bool = False) -> Run:
    """Draw the events of a training and return its run; after Ctrl-C, what was learned until then."""
    from exmachina.training import EpochEnd, StepEnd, TrainingEnd, TrainingStarted

    view = _View(show_curve)
    live = console.is_terminal
    with (
        graceful_interrupt() as stop,
        Live(view, console=console, refresh_per_second=1 / REFRESH_SECONDS, transient=not show_curve)
        if live
        else _nothing(),
    ):
        for event in events:
            match event:
                case TrainingStarted():
                    view.started = event
                case StepEnd():
                    view.step(event)
                    if stop.pressed:
                        console.print(
                            Text(f"Stopped after step {event.step}; the run is marked interrupted.", style=ACCENT)
                        )
                        return event.snapshot()
                case EpochEnd():
                    view.epoch(event)
                    console.print(epoch_line(event))
                case TrainingEnd():
                    return event.run
    raise RuntimeError("training ended without a run")


def epoch_line(event: EpochEnd) -> Text:
    """One line for an epoch: loss and accuracy on the training images as they were learned."""
    line = Text.assemble(
        (f"  epoch {event.epoch:<3}", ACCENT),
        f" loss {event.loss:.4f}   accuracy {share(event.accuracy):>7}",
    )
    if event.validation_accuracy is not None:
        line.append(f"   validation {share(event.validation_accuracy):>7}")
    line.append(f"   {event.seconds:6.2f} s", style=QUIET)
    return line


@contextmanager
def _nothing() -> Iterator[None]:
    yield


class _View:
    """What the live display shows; Rich asks for it ten times a second.

    The epochs that ended stand above it, so the bar goes with the last one: it would be read as one more.
    """

    def __init__(self, show_curve: bool) -> None:
        self.started: TrainingStarted | None = None
        self.last: StepEnd | None = None
        self.losses: list[float] = []
        self.show_curve = show_curve
        self.learned = False

    def step(self, event: StepEnd) -> None:
        self.last = event
        if self.started is not None and self.started.device == "cpu":
            self.losses.append(event.loss)

    def epoch(self, event: EpochEnd) -> None:
        self.learned = self.started is not None and event.step == self.started.steps

    def __rich__(self) -> RenderableType:
        started, last = self.started, self.last
        if started is None or last is None:
            return Text("  preparing", style=QUIET)
        rate = last.step / max(last.seconds, 1e-9)
        left = (started.steps - last.step) / max(rate, 1e-9)
        done = round(BAR * last.step / started.steps)
        row = Text(f"  step {last.step:>{len(str(started.steps))}}/{started.steps} ", no_wrap=True)
        row.append("━" * done, style=ACCENT).append("━" * (BAR - done), style="grey30")
        row.append(f" {rate:4.0f}/s {left:5.1f} s left")
        if self.losses:
            row.append(f"   loss {last.loss:.3f}  accuracy {share(last.accuracy, 0):>4}")
        if not self.show_curve:
            return Text("") if self.learned else row
        top = max(self.losses[:1] or [2.3])
        picture = curve(self.losses, low=0.0, high=max(top, 1e-9))
        return Group(
            *([] if self.learned else [row]),
            Text(f"\n  loss of every step, on a scale from 0 to {top:.2f}", style=QUIET),
            picture,
        )
