"""Turns: whoever asks a lot waits behind whoever asks little, and is told so.

A learner costs nothing to make up, an address does; so turns go round by address, and among the learners of one
address by learner. Whoever asks for more than a share is told 429; when all together ask for too much, 503.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, OrderedDict
from itertools import count

from fastapi import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from exmachina.lesson.server.guards.guard import Guard, Visitor, visitor
from exmachina.lesson.server.settings import Limits

EVERYBODY = (503, "Everybody asks at once; try again.", {"Retry-After": "2"})
REMEMBERED = 10_000  # keys of which a `Pace` knows how much they have asked


def retry_after(seconds: float) -> dict[str, str]:
    """The header that says when to come back."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


class Shares:
    """So many of something; one learner and one address may hold no more than their share."""

    def __init__(self, number: int, learner: int, address: int) -> None:
        self.free, self.learner, self.address = number, learner, address
        self.held: Counter[str] = Counter()

    def allows(self, who: Visitor, number: int = 1) -> bool:
        """Whether this visitor's share holds so many more."""
        address, learner = (self.held[key] + number for key in who.keys)
        return learner <= self.learner and address <= self.address

    def take(self, who: Visitor, number: int = 1) -> None:
        """Hold so many more. Raises `HTTPException`: 429 over this visitor's share, 503 over what is free."""
        if not self.allows(who, number):
            raise HTTPException(429, "You ask too much at once; wait for answers first.", retry_after(2))
        if number > self.free:
            raise HTTPException(*EVERYBODY)
        self.free -= number
        self.held.update(dict.fromkeys(who.keys, number))

    def give_back(self, who: Visitor, number: int = 1) -> None:
        """Let go of so many."""
        self.free += number
        self.held.subtract(dict.fromkeys(who.keys, number))
        self.held += Counter()  # forgets who holds nothing


class Turns:
    """Places, and a line before them that lets in one address after the other. For one event loop."""

    def __init__(self, places: Shares, waiting: Shares, seconds: float) -> None:
        self.places, self.waiting, self.seconds = places, waiting, seconds
        self._line: dict[asyncio.Future[None], Visitor] = {}
        self._order: dict[str, int] = {}  # when an address, or a learner, came to the end of the line
        self._number = count()

    async def take(self, who: Visitor) -> None:
        """Return with a place held. Raises `HTTPException` if there is none within `seconds`."""
        if self.places.free > 0 and self.places.allows(who):
            self.places.take(who)
            return
        self.waiting.take(who)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line[turn] = who
        for key in who.keys:
            self._order.setdefault(key, next(self._number))
        try:
            async with asyncio.timeout(self.seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.give_back(who)
            else:
                self._leave_line(turn)
            if isinstance(error, TimeoutError):
                raise HTTPException(*EVERYBODY) from None
            raise

    def give_back(self, who: Visitor) -> None:
        """Somebody's place is free again; the next ones come in."""
        self.places.give_back(who)
        while self.places.free > 0:
            # `done`: given up, and about to leave.
            able = [turn for turn, one in self._line.items() if not turn.done() and self.places.allows(one)]
            if not able:
                return
            turn = min(able, key=lambda one: [self._order[key] for key in self._line[one].keys])
            following = self._line[turn]
            self._leave_line(turn)
            self.places.take(following)
            turn.set_result(None)
            for key in following.keys:
                if key in self._order:
                    self._order[key] = next(self._number)

    def _leave_line(self, turn: asyncio.Future[None]) -> None:
        who = self._line.pop(turn)
        self.waiting.give_back(who)
        for key in who.keys:
            if not self.waiting.held[key]:
                self._order.pop(key, None)


class Pace:
    """So many at once and so many a second in the long run, for each key alone. The longest unseen are forgotten."""

    def __init__(self, at_once: int, per_second: float) -> None:
        self.at_once, self.per_second = at_once, per_second
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()  # how much, when

    def wait(self, key: str) -> float:
        """Seconds until there is one more to spend; 0 if there is."""
        return max(0.0, (self._now(key) + 1 - self.at_once) / self.per_second)

    def spend(self, key: str) -> None:
        """One of them is spent."""
        self._spent[key] = (min(self._now(key) + 1, float(self.at_once)), time.monotonic())
        self._spent.move_to_end(key)
        while len(self._spent) > REMEMBERED:
            self._spent.popitem(last=False)

    def _now(self, key: str) -> float:
        spent, then = self._spent.get(key, (0.0, 0.0))
        return max(0.0, spent - (time.monotonic() - then) * self.per_second)


class Busy(Guard):
    """Lets so many requests in at once, in turn."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        super().__init__(app)
        places, learner = limits.requests, limits.requests_per_learner
        waiting = Shares(8 * places, 4 * learner, 4 * places)
        self.turns = Turns(Shares(places, learner, places // 2), waiting, limits.turn_seconds)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/api/v1/health":
            await self.app(scope, receive, send)
            return
        who = visitor(scope)
        await self.turns.take(who)
        try:
            await self.app(scope, receive, send)
        finally:
            self.turns.give_back(who)
