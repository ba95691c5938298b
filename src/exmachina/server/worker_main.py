"""The training process: reads tasks as lines of JSON, trains, and writes events as lines of JSON.

python -m exmachina.server.worker_main THREADS NICENESS
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import traceback
from contextlib import suppress
from typing import Any

from exmachina.server.control import Control

Task = dict[str, Any]


class Channel:
    """Standard input and output as a stream of messages; anything printed by mistake goes to standard error."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._lock = threading.Lock()
        self.tasks: queue.Queue[Task] = queue.Queue()
        self._controls: dict[str, Control] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, message: dict[str, Any]) -> None:
        """Write one message."""
        with self._lock, suppress(OSError, ValueError):
            self._out.write(json.dumps(message) + "\n")
            self._out.flush()

    def control(self, unit: str) -> Control:
        """What the server wants of this unit."""
        return self._controls[unit]

    def forget(self, unit: str) -> None:
        """The unit is over."""
        del self._controls[unit]

    def _listen(self) -> None:
        for line in sys.stdin:
            message = json.loads(line)
            if "kind" in message:
                self._controls[message["unit"]] = Control()
                self.tasks.put(message)
            elif control := self._controls.get(message["unit"]):
                control.do(message["command"], message.get("because", ""))
        os._exit(0)  # the server is gone, and with it every reason to go on


def main() -> None:
    """Warm up, then serve tasks until the server goes away."""
    niceness = int(sys.argv[1])
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(niceness)  # a prediction always goes first
    channel = Channel()
    from exmachina.server.tasks import run_task, warm_up

    warm_up()
    channel.send({"type": "ready"})
    while True:
        task = channel.tasks.get()
        unit = task["unit"]
        try:
            control = channel.control(unit)
            for event in run_task(task, control.is_stopped, control):
                channel.send({"unit": unit, **event})
        except Exception as error:
            traceback.print_exc()
            line = str(error) if _is_input_error(error) else f"Training failed ({type(error).__name__}); try again."
            channel.send({"unit": unit, "type": "error", "error": line})
        channel.forget(unit)


def _is_input_error(error: Exception) -> bool:
    from exmachina.errors import InputError

    return isinstance(error, InputError)


if __name__ == "__main__":
    main()
