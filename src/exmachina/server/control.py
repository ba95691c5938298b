"""How the server leads a training from outside: go on, wait, take one step, stop."""

from __future__ import annotations

import threading
from typing import Literal

Command = Literal["stop", "pause", "resume", "step"]


class Control:
    """What is wanted of one training. One thread commands; the training asks in another, between two steps."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._steps = 0  # that a paused training may still take
        self.paused = False
        self.stopped = False
        self.because = ""  # why it was resumed

    def do(self, command: Command, because: str = "") -> None:
        """Take a command. A step of a training that runs is a pause: it takes that step and waits."""
        with self._changed:
            if command == "stop":
                self.stopped = True
            elif command == "resume":
                self.paused, self._steps, self.because = False, 0, because
            else:
                self._steps += self.paused and command == "step"
                self.paused = True
            self._changed.notify_all()

    def is_stopped(self) -> bool:
        """Whether nobody wants this trained any more."""
        return self.stopped

    def wait(self) -> None:
        """Return when the next step may be taken, or when there is to be none."""
        with self._changed:
            self._changed.wait_for(lambda: self.stopped or not self.paused or self._steps)
            self._steps = max(0, self._steps - 1)
