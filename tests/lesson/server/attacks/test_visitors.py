"""The teacher sees who asks how much, and stops them: an address, or one browser behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from exmachina.lesson.notices import STOPPED
from exmachina.lesson.server import Settings
from exmachina.lesson.server.guards.guard import Visitor
from exmachina.lesson.server.guards.visitors import ADDRESSES, BROWSERS, Visitors
from lesson_server import PATIENCE, Lesson, serving

CODE, TEACHER = "code-of-the-class", "code-of-the-teacher"
ME = "127.0.0.1"


@pytest.fixture
def school(settings: Settings, tmp_path: Path) -> Iterator[Lesson]:
    with serving(replace(settings, data_folder=tmp_path, token=CODE, teacher=TEACHER)) as running:
        yield running


@contextmanager
def somebody(school: Lesson, code: str) -> Iterator[httpx.Client]:
    """A browser that came in with a code and has its cookie."""
    with httpx.Client(base_url=school.address, timeout=PATIENCE, trust_env=False) as client:
        client.get("/", params={"token": code})
        client.get("/style.css")  # before there is a cookie
        client.get("/")
        client.get("/")
        yield client


def seen(teacher: httpx.Client) -> dict[str, Any]:
    (address,) = teacher.get("/api/v1/class/visitors").json()
    return dict(address)


def test_teacher_sees_how_much_each_browser_asks_but_not_what_it_drew(school: Lesson) -> None:
    with somebody(school, TEACHER) as teacher, somebody(school, CODE) as ada, somebody(school, CODE) as ben:
        for _ in range(5):
            ada.post("/api/v1/predict?run=tiny", json={"pixels": [9] * 784})
        ben.post("/api/v1/predict?run=tiny", json={"pixels": []})
        address = seen(teacher)
        assert (address["address"], address["you"], address["stopped"]) == (ME, True, False)
        first, second, third = sorted(address["browsers"], key=lambda one: one["number"])
        # Each is known from the second page on, with which the cookie comes; the teacher asked for this list besides.
        assert [one["requests"] for one in (first, second, third)] == [2, 6, 2]
        assert [one["refused"] for one in (first, second, third)] == [0, 0, 1]
        assert address["requests"] == 16 and address["received"] == second["received"] + third["received"] > 5000
        assert second["per_minute"] == pytest.approx(6, rel=0.2) and second["seconds_ago"] < PATIENCE
        assert set(second) == {"number", "per_minute", "requests", "refused", "received", "seconds_ago", "stopped"}


def test_stopped_browser_is_turned_away_until_it_is_let_in_again(school: Lesson) -> None:
    with somebody(school, TEACHER) as teacher, somebody(school, CODE) as ada, somebody(school, CODE) as ben:
        number = max(one["number"] for one in seen(teacher)["browsers"]) - 1  # Ada came before Ben
        path = f"/api/v1/class/visitors/{ME}"
        assert teacher.put(path, json={"stopped": True, "browser": number}).status_code == 200
        answer = ada.get("/api/v1/runs")
        assert answer.status_code == 403 and answer.json() == {"error": STOPPED}
        page = ada.get("/")
        assert page.status_code == 403 and STOPPED in page.text and "nosniff" in page.headers["x-content-type-options"]
        assert ben.get("/api/v1/runs").status_code == teacher.get("/api/v1/runs").status_code == 200
        teacher.put(path, json={"stopped": False, "browser": number})
        assert ada.get("/api/v1/runs").status_code == 200


def test_stopped_address_stays_stopped_with_a_new_cookie_and_the_teacher_gets_through(school: Lesson) -> None:
    with somebody(school, TEACHER) as teacher, somebody(school, CODE) as ada:
        teacher.put(f"/api/v1/class/visitors/{ME}", json={"stopped": True})
        del ada.cookies["exmachina_learner"]
        assert ada.get("/api/v1/runs").status_code == 403 == ada.post("/api/v1/predict", json={}).status_code
        assert teacher.get("/api/v1/runs").status_code == 200 and seen(teacher)["stopped"]
        teacher.put(f"/api/v1/class/visitors/{ME}", json={"stopped": False})
        assert ada.get("/api/v1/runs").status_code == 200


def test_list_and_stop_are_the_teachers_alone(school: Lesson) -> None:
    with somebody(school, CODE) as ada, somebody(school, TEACHER) as teacher:
        assert ada.get("/api/v1/class/visitors").status_code == 403
        assert ada.put(f"/api/v1/class/visitors/{ME}", json={"stopped": True}).status_code == 403
        for address, wish in (("10.0.0.9", {"stopped": True}), (ME, {"stopped": True, "browser": 99})):
            assert teacher.put(f"/api/v1/class/visitors/{address}", json=wish).status_code == 404
        assert teacher.put(f"/api/v1/class/visitors/{ME}", json={"stopped": "yes"}).status_code == 400


def test_memory_is_bounded_and_who_is_stopped_is_not_forgotten() -> None:
    visitors = Visitors()
    visitors.demands(Visitor("bad", "ada"))
    assert visitors.stop("bad", None, True) and visitors.stop("bad", 1, True)
    for number in range(2 * BROWSERS):
        visitors.demands(Visitor("bad", f"made up {number}"))
    for number in range(2 * ADDRESSES):
        visitors.demands(Visitor(f"address {number}", "x"))
    kept = {one.address: one for one in visitors.all()}
    assert len(kept) == ADDRESSES and kept["bad"].stopped
    assert len(kept["bad"].browsers) == BROWSERS
    assert [one.number for one in kept["bad"].browsers if one.stopped] == [1]
