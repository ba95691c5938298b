"""Who is here and asks how much, for the teacher to see, and whom the teacher has stopped.

A browser is known by a number that this process gave it when it first came: neither its cookie nor its drawings can be
told from it. Addresses are what a visitor cannot make up, so a stopped address stays stopped whatever cookie it shows.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from itertools import count
from typing import TypeVar

from fastapi import HTTPException
from pydantic import BaseModel, PrivateAttr, computed_field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exmachina.lesson.notices import STOPPED
from exmachina.lesson.server.guards.guard import PAGES, Guard, PageRefusal, Visitor, visitor

ADDRESSES, BROWSERS = 1000, 50  # that are remembered, and of each address: the longest unseen are forgotten
MINUTE = 60.0


class Demand(BaseModel):
    """How much was asked: requests, how many of them were refused, and the bytes that came with them."""

    requests: int = 0
    refused: int = 0
    received: int = 0
    stopped: bool = False
    _seen: float = PrivateAttr(default_factory=time.monotonic)
    _lately: float = 0.0

    def ask(self) -> None:
        """One more request."""
        self._lately = self.per_minute + 1
        self.requests += 1
        self._seen = time.monotonic()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def seconds_ago(self) -> float:
        """Since the last request."""
        return time.monotonic() - self._seen

    @computed_field  # type: ignore[prop-decorator]
    @property
    def per_minute(self) -> float:
        """Requests of the last minute; those before it fade instead of dropping out at once."""
        return self._lately * math.exp(-self.seconds_ago / MINUTE)


class Browser(Demand):
    """One browser, by the number that it got when it first came."""

    number: int


class Address(Demand):
    """One address and the browsers behind it; `you`, if it is shown to somebody who asks from there."""

    address: str
    you: bool = False
    _known: OrderedDict[str, Browser] = PrivateAttr(default_factory=OrderedDict)  # by learner

    @computed_field  # type: ignore[prop-decorator]
    @property
    def browsers(self) -> list[Browser]:
        """The browsers, the longest unseen first."""
        return list(self._known.values())


One = TypeVar("One", bound=Demand)


class Visitors:
    """All of them. For one event loop."""

    def __init__(self) -> None:
        self._addresses: OrderedDict[str, Address] = OrderedDict()
        self._numbers = count(1)

    def all(self) -> list[Address]:
        """Every address that is remembered, whoever asks most first."""
        return sorted(self._addresses.values(), key=lambda one: -one.per_minute)

    def demands(self, who: Visitor, known: bool = True) -> list[Demand]:
        """What this visitor's address has asked so far, and this browser, if it is `known` by a cookie."""
        address = _met(self._addresses, who.address, lambda: Address(address=who.address), ADDRESSES)
        if not known:
            return [address]
        return [address, _met(address._known, who.learner, lambda: Browser(number=next(self._numbers)), BROWSERS)]

    def stop(self, address: str, browser: int | None, stopped: bool) -> bool:
        """Stop an address or one browser there, or let it in again; False where there is none such."""
        known = self._addresses.get(address)
        among: list[Demand] = [known] if known else []
        if known and browser is not None:
            among = [one for one in known.browsers if one.number == browser]
        for one in among:
            one.stopped = stopped
        return bool(among)


def _met(kept: OrderedDict[str, One], key: str, new: Callable[[], One], most: int) -> One:
    """The one of this key, now the newest; of one too many the longest unseen goes, if possible one not stopped."""
    one = kept[key] = kept.get(key) or new()
    kept.move_to_end(key)
    if len(kept) > most:
        older = list(kept.items())[:-1]
        del kept[next((key for key, one in older if not one.stopped), older[0][0])]
    return one


class VisitorBook(Guard):
    """Counts what each visitor asks, and turns away whom the teacher has stopped; never the teacher."""

    def __init__(self, app: ASGIApp, visitors: Visitors) -> None:
        super().__init__(app)
        self.visitors = visitors

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        demands = self.visitors.demands(visitor(scope), scope["state"]["known"])
        for demand in demands:
            demand.ask()

        async def received() -> Message:
            message = await receive()
            for demand in demands:
                demand.received += len(message.get("body", b""))
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                for demand in demands:
                    demand.refused += 1
            await send(message)

        if any(demand.stopped for demand in demands) and not scope["state"].get("teacher"):
            for demand in demands:
                demand.refused += 1
            raise PageRefusal(403, STOPPED) if scope["path"] in PAGES else HTTPException(403, STOPPED)
        await self.app(scope, received, sent)
