"""A queue in which everybody takes turns, however much one of them has asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Round-robin over owners; each owner's own items stay in order.

    Who has just been served goes to the end of the round, and so does who arrives.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[T]] = {}  # in the order of turns

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def put(self, owner: str, item: T) -> None:
        """Add an item behind the owner's others."""
        self._waiting.setdefault(owner, deque()).append(item)

    def take(self) -> T | None:
        """Remove and return the item whose turn it is, or `None`."""
        if not self._waiting:
            return None
        owner = next(iter(self._waiting))
        items = self._waiting.pop(owner)
        item = items.popleft()
        if items:
            self._waiting[owner] = items
        return item

    def remove(self, unwanted: Callable[[T], bool]) -> None:
        """Drop every unwanted item; nobody loses a turn."""
        for owner in list(self._waiting):
            self._waiting[owner] = deque(item for item in self._waiting[owner] if not unwanted(item))
            if not self._waiting[owner]:
                del self._waiting[owner]

    def order(self) -> list[T]:
        """Every item in the order in which `take` will give them, if nobody else comes."""
        lines = [list(items) for items in self._waiting.values()]
        longest = max(map(len, lines), default=0)
        return [line[turn] for turn in range(longest) for line in lines if turn < len(line)]
