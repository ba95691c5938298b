"""The parent's end of a training process: starts it, speaks JSON lines with it, and replaces it if it dies."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

log = logging.getLogger("exmachina.server")
REAP_SECONDS = 0.5


class Worker:
    """One process that trains one thing at a time.

    `on_message` is called with each message, in a thread of its own; `{"type": "died"}` is the last. Neither
    side ever unpickles: a line of JSON is all that passes.
    """

    def __init__(self, on_message: Callable[[Worker, dict[str, Any]], None], *, niceness: int) -> None:
        self.on_message = on_message
        command = [sys.executable, "-m", "exmachina.server.worker_main", str(niceness)]
        # Its own session: Ctrl-C in the terminal is for the server, which then ends its workers itself.
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, name="worker-messages", daemon=True).start()

    def send(self, message: dict[str, Any]) -> None:
        """Hand over a message; a process that has died is reported by `on_message` instead."""
        assert self.process.stdin is not None
        with suppress(OSError, ValueError):
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()

    def kill(self) -> None:
        """End the process now. Files appear whole or not at all, so nothing is left half-written."""
        with suppress(OSError):
            self.process.kill()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(REAP_SECONDS)

    def _listen(self) -> None:
        assert self.process.stdout is not None and self.process.stdin is not None
        for line in self.process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                log.error("The training process said something that is not JSON.")
                continue
            self.on_message(self, message)
        self.process.wait()
        self.process.stdout.close()
        with suppress(OSError, ValueError):
            self.process.stdin.close()
        self.on_message(self, {"type": "died"})
