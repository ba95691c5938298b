"""What the lesson's server may use and where it keeps things."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

from exmachina.errors import InputError
from exmachina.evaluation.user_folder import user_folder
from exmachina.lesson import WEB
from exmachina.lesson.collection import Room

TOKEN = re.compile(r"[A-Za-z0-9_-]{12,128}")  # what a cookie, a header and an address can hold alike


@dataclass(frozen=True)
class Limits:
    """Bounds that keep one laptop answering while a whole class uses it. Sizes in bytes, times in seconds."""

    image_body: int = 12 << 20  # a 25-megapixel photo
    json_body: int = 1 << 20
    run_body: int = 16 << 20  # the weights of a training that is to be saved
    bodies_in_memory: int = 64 << 20
    header_seconds: float = 10.0  # from connecting to a complete request head
    body_seconds: float = 20.0
    response_seconds: float = 30.0  # to the first byte, then between bytes
    answer_seconds: float = 300.0  # to the last byte
    turn_seconds: float = 10.0  # that a request waits for its turn
    requests: int = 64  # answered at once, at most half of them to one address
    requests_per_learner: int = 8
    images_waiting: int = 16  # uploads waiting to be decoded
    batch_body: int = 4 << 20  # images to be read together, as JSON
    batch: int = 1000  # images in it
    room: Room = field(default_factory=Room)  # for drawings
    saved_runs: int = 200


@dataclass(frozen=True)
class Settings:
    """How to serve the lesson.

    `token`, if given, is asked of every visitor; addresses other than the loopback cannot do without. `teacher` is
    the teacher's own, which opens the class's page as well. `runs` adds run directories by the names under which
    everybody sees them. `address` is what learners open, for the teacher to show.
    """

    host: str = "127.0.0.1"
    token: str | None = None
    teacher: str | None = None
    address: str | None = None
    data_folder: Path = field(default_factory=user_folder)
    web_folder: Path = WEB
    runs: dict[str, Path] = field(default_factory=dict)
    allowed_hosts: tuple[str, ...] = ()
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        for token in [token for token in (self.token, self.teacher) if token is not None]:
            if not TOKEN.fullmatch(token):
                raise InputError("A token is 12 to 128 letters, digits, - and _; choose another, or leave it out.")
            steps = {ord(later) - ord(earlier) for earlier, later in pairwise(token)}
            if len(set(token)) < 6 or len(steps) < 3:
                raise InputError("The token is too easy to guess; mix letters and digits, or leave it out.")
        if not self.token and not is_loopback(self.host):
            raise InputError(f"Serving on '{self.host}' lets others in; give a token of 12 or more letters and digits.")

    @property
    def drawings(self) -> Path:
        """The file of the class's drawings."""
        return self.data_folder / "lesson" / "drawings.sqlite3"

    @property
    def alone(self) -> bool:
        """Whether nobody but this computer's own user can come: no other is to be kept from what is the teacher's."""
        return self.token is None and is_loopback(self.host) and not self.allowed_hosts


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach `host`."""
    try:
        return host.lower().rstrip(".") == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
