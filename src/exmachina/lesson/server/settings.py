"""What the lesson's server may use and where it keeps things."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from exmachina.errors import InputError
from exmachina.evaluation.user_folder import user_folder
from exmachina.lesson import WEB

MINIMUM_TOKEN = 8  # characters


@dataclass(frozen=True)
class Limits:
    """Bounds that keep one laptop answering while a whole class uses it. Sizes in bytes, times in seconds."""

    image_body: int = 12 << 20  # a 25-megapixel photo
    json_body: int = 1 << 20
    bodies_in_memory: int = 64 << 20
    header_seconds: float = 10.0  # from connecting to a complete request head
    body_seconds: float = 20.0
    response_seconds: float = 30.0  # to the first byte, then between bytes
    requests: int = 64  # answered at once
    images_waiting: int = 16  # uploads waiting to be decoded
    drawings_per_learner: int = 2000
    drawings: int = 200_000


@dataclass(frozen=True)
class Settings:
    """How to serve the lesson.

    `token`, if given, is asked of every visitor; addresses other than the loopback cannot do without. `runs`
    adds run directories by the names under which everybody sees them.
    """

    host: str = "127.0.0.1"
    token: str | None = None
    data_folder: Path = field(default_factory=user_folder)
    web_folder: Path = WEB
    runs: dict[str, Path] = field(default_factory=dict)
    allowed_hosts: tuple[str, ...] = ()
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < MINIMUM_TOKEN:
            raise InputError(f"The token is too easy to guess; use at least {MINIMUM_TOKEN} characters.")
        if not self.token and not is_loopback(self.host):
            raise InputError(
                f"Serving on '{self.host}' lets others in; give a token of {MINIMUM_TOKEN} or more letters."
            )


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach `host`."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
