"""Everybody takes turns."""

from __future__ import annotations

import random

from exmachina.server.fair_queue import FairQueue


def drain(queue: FairQueue[str]) -> list[str]:
    taken = []
    while (item := queue.take()) is not None:
        taken.append(item)
    return taken


def test_turns_go_round() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "a3", "b1", "c1", "c2"):
        queue.put(item[0], item)
    assert queue.order() == drain(queue) == ["a1", "b1", "c1", "a2", "c2", "a3"]
    assert len(queue) == 0


def test_late_comer_waits_for_one_round_and_not_for_everything() -> None:
    queue: FairQueue[str] = FairQueue()
    for index in range(100):
        queue.put("greedy", f"g{index}")
    queue.take()
    queue.put("late", "l0")
    assert queue.order().index("l0") == 1


def test_who_was_served_goes_to_the_end() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.put("a", "a1")
    queue.put("b", "b1")
    assert queue.take() == "a1"
    queue.put("a", "a2")
    assert drain(queue) == ["b1", "a2"]


def test_removal_costs_nobody_a_turn() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "b1", "b2", "c1"):
        queue.put(item[0], item)
    queue.remove(lambda item: item == "b1")
    assert queue.order() == ["a1", "b2", "c1"]
    queue.remove(lambda item: item == "b2")
    assert queue.order() == ["a1", "c1"] and len(queue) == 2


def test_promised_order_is_kept() -> None:
    chance = random.Random(0)
    for _ in range(200):
        queue: FairQueue[str] = FairQueue()
        for index in range(chance.randrange(30)):
            owner = chance.choice("abcdef")
            queue.put(owner, f"{owner}{index}")
            if chance.random() < 0.2:
                queue.take()
        assert queue.order() == drain(queue)
