"""A training that waits: paused, led step by step, resumed, and never in others' way for long."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from lesson_server import Lesson, events, serving, wait_until
from safetensors.numpy import load

from exmachina.server import Limits, Settings
from exmachina.server.control import Control

Order = Callable[..., dict[str, Any]]


def start(client: httpx.Client, order: dict[str, Any], kind: str = "trainings") -> str:
    answer = client.post(f"/api/v1/{kind}", json=order)
    assert answer.status_code == 202, answer.text
    key: str = answer.json()["id"]
    return key


def lead(client: httpx.Client, key: str, word: str) -> httpx.Response:
    return client.post(f"/api/v1/trainings/{key}/{word}", json={})


def told(lesson: Lesson, key: str) -> list[dict[str, Any]]:
    return [json.loads(event) for event in lesson.app.state.services.hub.jobs[key].events]


def begin_paused(lesson: Lesson, client: httpx.Client, order: dict[str, Any]) -> str:
    """A training that has taken a step or more and waits."""
    key = start(client, order)
    wait_until(lambda: any(event["type"] == "step" for event in told(lesson, key)))
    assert lead(client, key, "pause").status_code == 202
    wait_until(lambda: told(lesson, key)[-1]["type"] == "paused")
    return key


def test_control_grants_one_step_at_a_time() -> None:
    control = Control()
    control.wait()  # nothing holds it
    control.do("pause")
    taken = []

    def training() -> None:
        while not control.is_stopped():
            control.wait()
            taken.append(control.paused)

    thread = threading.Thread(target=training)
    thread.start()
    for count in (1, 2, 3):
        control.do("step")
        wait_until(lambda count=count: len(taken) == count)
    time.sleep(0.05)
    assert taken == [True] * 3
    control.do("resume")
    wait_until(lambda: len(taken) > 10)
    control.do("stop")
    thread.join(5)
    assert not thread.is_alive() and taken[3] is False


def test_step_of_a_running_training_is_a_pause() -> None:
    control = Control()
    control.do("step")
    assert control.paused
    thread = threading.Thread(target=control.wait)
    thread.start()
    thread.join(0.05)
    assert thread.is_alive()
    control.do("stop")
    thread.join(5)
    assert not thread.is_alive()


def test_paused_training_waits_steps_and_ends_as_if_it_had_never_waited(lesson: Lesson, order: Order) -> None:
    client = lesson.learner()
    long = order(seed=5, epochs=2)
    undisturbed = events(client, start(client, long))[-1]
    key = begin_paused(lesson, client, long)
    began = time.monotonic()
    assert client.get("/api/v1/trainings").json()[-1]["state"] == "paused"
    first = told(lesson, key)[-1]
    assert first["others_wait"] is False and first["patience"] == 30
    time.sleep(0.5)
    assert told(lesson, key)[-1] == first
    for count in (1, 2):
        lead(client, key, "step")
        wait_until(lambda count=count: told(lesson, key)[-1].get("step") == first["step"] + count)
        wait_until(lambda: told(lesson, key)[-1]["type"] == "paused")
    lately = told(lesson, key)[-3:]
    assert [event["type"] for event in lately] == ["step", "snapshot", "paused"]
    assert {event["step"] for event in lately} == {first["step"] + 2}
    shots = [event["url"] for event in told(lesson, key) if event["type"] == "snapshot"]
    before, after = (load(client.get(url).content) for url in shots[-2:])
    assert not np.array_equal(before["conv1.weight"], after["conv1.weight"])
    waited = time.monotonic() - began
    assert lead(client, key, "resume").status_code == 202
    whole = events(client, key)
    assert {"type": "resumed", "because": "you"}.items() <= next(e for e in whole if e["type"] == "resumed").items()
    end = whole[-1]
    assert end["type"] == "end" and end["test_loss"] == undisturbed["test_loss"]
    steps = [event for event in whole if event["type"] == "step"]
    assert [event["step"] for event in steps] == sorted({event["step"] for event in steps})
    gaps = np.diff([event["seconds"] for event in steps])
    assert waited > 0.5 and gaps.max() < 0.5 and gaps.min() >= 0  # no pause in the clock


def test_paused_training_can_be_stopped_and_takes_no_further_step(lesson: Lesson, order: Order) -> None:
    client = lesson.learner()
    key = begin_paused(lesson, client, order(epochs=20))
    step = told(lesson, key)[-1]["step"]
    client.post(f"/api/v1/trainings/{key}/stop", json={})
    whole = events(client, key)
    assert whole[-1]["type"] == "stopped" and whole[-1]["run_id"] == key
    assert max(event.get("step", 0) for event in whole) == step


def test_only_a_running_training_of_one_s_own_can_be_led(lesson: Lesson, order: Order) -> None:
    ada, ben = lesson.learner(), lesson.learner()
    running = start(ada, order(epochs=20))
    waiting = start(ada, order())
    body = {key: value for key, value in order().items() if key in ("recipe", "network", "changes")}
    experiment = start(ada, {**body, "seeds": 1}, "experiments")
    assert lead(ben, running, "pause").status_code == 404
    refused = lead(ada, waiting, "pause")
    assert refused.status_code == 409 and "has not begun" in refused.json()["error"]
    assert "cannot be paused" in lead(ada, experiment, "step").json()["error"]
    ada.post(f"/api/v1/trainings/{running}/stop", json={})
    events(ada, experiment, "experiments")
    refused = lead(ada, running, "resume")
    assert refused.status_code == 409 and "is over" in refused.json()["error"]


def test_pause_ends_by_itself_when_others_have_waited_long_enough(
    settings: Settings, tmp_path: Path, order: Order
) -> None:
    limits = Limits(pause_seconds=1.0)
    with serving(replace(settings, data_folder=tmp_path, limits=limits)) as lesson:
        ada, ben = lesson.learner(), lesson.learner()
        key = begin_paused(lesson, ada, order(epochs=4))
        time.sleep(1.2)  # alone, it may wait for longer than others would
        assert told(lesson, key)[-1]["type"] == "paused"
        began = time.monotonic()
        other = start(ben, order())
        wait_until(lambda: told(lesson, key)[-1].get("others_wait") is True)
        wait_until(lambda: any(event["type"] == "resumed" for event in told(lesson, key)))
        assert 0.9 < time.monotonic() - began < 5
        assert next(event for event in told(lesson, key) if event["type"] == "resumed")["because"] == "others"
        refused = lead(ada, key, "pause")
        assert refused.status_code == 409 and "waiting" in refused.json()["error"]
        assert events(ada, key)[-1]["type"] == "end" == events(ben, other)[-1]["type"]


def test_pause_outlasts_a_training_that_leaves_the_queue(settings: Settings, tmp_path: Path, order: Order) -> None:
    limits = Limits(pause_seconds=1.0)
    with serving(replace(settings, data_folder=tmp_path, limits=limits)) as lesson:
        ada, ben = lesson.learner(), lesson.learner()
        key = begin_paused(lesson, ada, order(epochs=20))
        other = start(ben, order())
        wait_until(lambda: told(lesson, key)[-1].get("others_wait") is True)
        ben.post(f"/api/v1/trainings/{other}/stop", json={})
        wait_until(lambda: told(lesson, key)[-1].get("others_wait") is False)
        time.sleep(1.2)
        assert told(lesson, key)[-1]["type"] == "paused"
        ada.post(f"/api/v1/trainings/{key}/stop", json={})
        assert events(ada, key)[-1]["type"] == "stopped"


def test_address_can_say_after_which_event_to_go_on(client: httpx.Client, order: Order) -> None:
    key = start(client, order())
    whole = events(client, key)
    text = client.get(f"/api/v1/trainings/{key}/events?after=4").text
    assert text.count("data:") == len(whole) - 4 and "id: 5\n" in text and "id: 4\n" not in text
    again = client.get(f"/api/v1/trainings/{key}/events?after=4", headers={"Last-Event-ID": "6"}).text
    assert again.count("data:") == len(whole) - 6
