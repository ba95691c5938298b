"""Who is here and asks how much, for the teacher to see, and whom the teacher has stopped.

A browser is known by a number that this process gave it when it first came: neither its cookie nor its drawings can be
told from it. Addresses are what a visitor cannot make up, so a stopped address stays stopped whatever cookie it shows.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exmachina.lesson.server.guards.answers import Visitor, answer, refuse, visitor
from exmachina.lesson.server.guards.doors import PAGES

ADDRESSES, BROWSERS = 1000, 50  # that are remembered, and of each address: the longest unseen are forgotten
MINUTE = 60.0
STOPPED = "The teacher has stopped you here; ask them."
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hello Ex Machina</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<main><h1>Hello Ex Machina</h1><p>{line}</p></main>"""


@dataclass
class Demand:
    """How much was asked: requests, how many of them were refused, and the bytes that came with them."""

    requests: int = 0
    refused: int = 0
    received: int = 0
    stopped: bool = False
    seen: float = field(default_factory=time.monotonic)
    _lately: float = 0.0

    def ask(self) -> None:
        """One more request."""
        self._lately = self.per_minute() + 1
        self.requests += 1
        self.seen = time.monotonic()

    def per_minute(self) -> float:
        """Requests of the last minute; those before it fade instead of dropping out at once."""
        return self._lately * math.exp((self.seen - time.monotonic()) / MINUTE)


@dataclass
class Address(Demand):
    """One address and the browsers behind it, by the learner that each one's cookie names."""

    browsers: OrderedDict[str, tuple[int, Demand]] = field(default_factory=OrderedDict)


class Visitors:
    """All of them. For one event loop."""

    def __init__(self) -> None:
        self._addresses: OrderedDict[str, Address] = OrderedDict()
        self._numbers = count(1)

    def all(self) -> Iterator[tuple[str, Address]]:
        """Every address that is remembered, whoever asks most first."""
        yield from sorted(self._addresses.items(), key=lambda item: -item[1].per_minute())

    def demands(self, who: Visitor, known: bool = True) -> list[Demand]:
        """What this visitor's address has asked so far, and this browser, if it is `known` by a cookie."""
        address = self._addresses.setdefault(who.address, Address())
        self._addresses.move_to_end(who.address)
        _forget(self._addresses, ADDRESSES, lambda one: one.stopped)
        if not known:
            return [address]
        if who.learner not in address.browsers:
            address.browsers[who.learner] = (next(self._numbers), Demand())
        address.browsers.move_to_end(who.learner)
        _forget(address.browsers, BROWSERS, lambda one: one[1].stopped)
        return [address, address.browsers[who.learner][1]]

    def stop(self, address: str, browser: int | None, stopped: bool) -> bool:
        """Stop an address or one browser there, or let it in again; False where there is none such."""
        known = self._addresses.get(address)
        if known is None:
            return False
        if browser is None:
            known.stopped = stopped
            return True
        one = next((demand for number, demand in known.browsers.values() if number == browser), None)
        if one is not None:
            one.stopped = stopped
        return one is not None


def _forget(kept: OrderedDict[str, Any], most: int, stopped: Callable[[Any], bool]) -> None:
    """Of one too many drop the longest unseen, if possible one that is not stopped; never the newest."""
    if len(kept) > most:
        older = list(kept.items())[:-1]
        del kept[next((key for key, one in older if not stopped(one)), older[0][0])]


class VisitorBook:
    """Counts what each visitor asks, and turns away whom the teacher has stopped; never the teacher."""

    def __init__(self, app: ASGIApp, visitors: Visitors) -> None:
        self.app = app
        self.visitors = visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
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
            await _turn_away(scope["path"], sent)
            return
        await self.app(scope, received, sent)


async def _turn_away(path: str, send: Send) -> None:
    if path in PAGES:
        page = PAGE.format(line=STOPPED).encode()
        await answer(send, 403, "text/html; charset=utf-8", page, {"Connection": "close"})
        return
    await refuse(send, 403, STOPPED)
