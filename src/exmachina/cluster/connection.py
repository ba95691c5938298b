"""A cluster to work on: one that runs at an address, or one of this machine's own cores."""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO

from exmachina.errors import InputError

LOCAL = "local"
TRIES = 3  # to begin one here: Ray gives its processes 30 seconds, which a busy machine may not have


def load_ray() -> Any:
    """The library. Raises `InputError` where it is not installed."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing phones home
    try:
        import ray as library
    except ImportError:
        raise InputError('A cluster needs Ray; install it: pip install "hello-ex-machina[ray]"') from None
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    return library


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Ray, connected to the cluster at `address` (host:port, ray://…, auto), or to a new one on this machine (local).

    Whoever is connected already stays so. Raises `InputError` if no cluster answers.
    """
    library = load_ray()
    if library.is_initialized():
        with redirect_stdout(_OwnThread()):
            yield library
        return
    own = {"include_dashboard": False} if address == LOCAL else {}
    tries = TRIES if address == LOCAL else 1
    for left in reversed(range(tries)):
        try:
            library.init(address, log_to_driver=False, logging_level=logging.WARNING, **own)
            break
        except Exception as error:  # whatever Ray makes of a wrong address or of a machine too busy to begin
            library.shutdown()
            if not left:
                reason = str(error).strip().partition("\n")[0]
                raise InputError(
                    f"No Ray cluster at '{address}' ({reason}); start one with: ray start --head"
                ) from None
    try:
        with redirect_stdout(_OwnThread()):
            yield library
    finally:
        with redirect_stdout(sys.stderr):
            library.shutdown()


class _OwnThread(io.TextIOBase):
    """Standard output for the thread that makes it; what Ray's own threads have to tell goes to standard error."""

    def __init__(self) -> None:
        self._output, self._thread = sys.stdout, threading.get_ident()

    def write(self, text: str) -> int:
        return self._chosen().write(text)

    def flush(self) -> None:
        self._chosen().flush()

    def isatty(self) -> bool:
        return self._output.isatty()

    def fileno(self) -> int:
        return self._output.fileno()

    def _chosen(self) -> TextIO:
        return self._output if threading.get_ident() == self._thread else sys.stderr
