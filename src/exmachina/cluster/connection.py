"""A cluster to work on: one that runs at an address, or one of this machine's own cores."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from exmachina.errors import InputError

LOCAL = "local"


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
        yield library
        return
    own = {"include_dashboard": False} if address == LOCAL else {}
    try:
        library.init(address, log_to_driver=False, logging_level=logging.WARNING, **own)
    except (ConnectionError, ValueError, TimeoutError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"No Ray cluster at '{address}' ({reason}); start one with: ray start --head") from None
    try:
        yield library
    finally:
        library.shutdown()
