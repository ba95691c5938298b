"""Turns: whoever asks a lot waits behind whoever asks little, and is told so.

A learner costs nothing to make up, an address does; so turns go round by address, and among the learners of one
address by learner. Whoever asks for more than a share is told 429; when all together ask for too much, 503.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, OrderedDict, deque
from contextlib import suppress
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from exmachina.lesson.server.guards.answers import Visitor, refuse, visitor
from exmachina.lesson.server.settings import Limits

Line = OrderedDict[str, OrderedDict[str, deque["asyncio.Future[None]"]]]
REMEMBERED = 10_000  # keys of which a `Pace` knows how much they have asked


class TurnedAwayError(Exception):
    """No place and none to wait in: `own`, because this visitor holds too many; otherwise because all do."""

    def __init__(self, own: bool) -> None:
        super().__init__("turned away")
        self.own = own

    @property
    def status(self) -> int:
        """The answer's status."""
        return 429 if self.own else 503

    @property
    def line(self) -> str:
        """What to say."""
        return "You ask too much at once; wait for answers first." if self.own else "Everybody asks at once; try again."


@dataclass(frozen=True)
class Share:
    """How many places one learner and one address may hold, and how many of their requests may wait."""

    learner: int
    address: int
    learner_waiting: int
    address_waiting: int


class Turns:
    """So many places, and a line before them that lets in one address after the other. For one event loop."""

    def __init__(self, places: int, share: Share, waiting: int, seconds: float) -> None:
        self.free = places
        self.share, self.waiting, self.seconds = share, waiting, seconds
        self._held: Counter[str] = Counter()  # by address and, with a slash before it, by learner
        self._line: Line = OrderedDict()
        self._waits: Counter[str] = Counter()

    async def take(self, who: Visitor) -> None:
        """Return with a place held. Raises `TurnedAwayError` if there is none within `seconds`."""
        if self.free > 0 and self._may(who):
            self._hold(who)
            return
        share, mine = self.share, f"/{who.learner}"
        if self._waits[mine] >= share.learner_waiting or self._waits[who.address] >= share.address_waiting:
            raise TurnedAwayError(own=True)
        if self._waits.total() // 2 >= self.waiting:
            raise TurnedAwayError(own=False)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.setdefault(who.address, OrderedDict()).setdefault(who.learner, deque()).append(turn)
        self._waits.update((mine, who.address))
        try:
            async with asyncio.timeout(self.seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.give_back(who)
            else:
                self._leave_line(who, turn)
            if isinstance(error, TimeoutError):
                raise TurnedAwayError(own=False) from None
            raise

    def give_back(self, who: Visitor) -> None:
        """Somebody's place is free again; the next ones come in."""
        self.free += 1
        _less(self._held, f"/{who.learner}", who.address)
        while self.free > 0 and (found := self._next()) is not None:
            following, turn = found
            self._leave_line(following, turn)
            self._hold(following)
            turn.set_result(None)
            self._line_up_again(following)

    def _may(self, who: Visitor) -> bool:
        return self._held[f"/{who.learner}"] < self.share.learner and self._held[who.address] < self.share.address

    def _hold(self, who: Visitor) -> None:
        self.free -= 1
        self._held.update((f"/{who.learner}", who.address))

    def _next(self) -> tuple[Visitor, asyncio.Future[None]] | None:
        for address, learners in self._line.items():
            for learner, turns in learners.items():
                turn = next((turn for turn in turns if not turn.done()), None)  # done: given up, and about to leave
                if turn is not None and self._may(who := Visitor(address, learner)):
                    return who, turn
        return None

    def _leave_line(self, who: Visitor, turn: asyncio.Future[None]) -> None:
        learners = self._line[who.address]
        learners[who.learner].remove(turn)
        if not learners[who.learner]:
            del learners[who.learner]
        if not learners:
            del self._line[who.address]
        _less(self._waits, f"/{who.learner}", who.address)

    def _line_up_again(self, who: Visitor) -> None:
        with suppress(KeyError):
            self._line.move_to_end(who.address)
            self._line[who.address].move_to_end(who.learner)


def _less(counts: Counter[str], *keys: str) -> None:
    for key in keys:
        counts[key] -= 1
        if not counts[key]:
            del counts[key]


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


def retry_after(seconds: float) -> dict[str, str]:
    """The header that says when to come back."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


class Busy:
    """Lets so many requests in at once, in turn."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        places = limits.requests
        share = Share(limits.requests_per_learner, places // 2, 4 * limits.requests_per_learner, 4 * places)
        self.turns = Turns(places, share, 8 * places, limits.turn_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/api/v1/health":
            await self.app(scope, receive, send)
            return
        who = visitor(scope)
        try:
            await self.turns.take(who)
        except TurnedAwayError as error:
            await refuse(send, error.status, error.line, retry_after(1))
            return
        try:
            await self.app(scope, receive, send)
        finally:
            self.turns.give_back(who)
