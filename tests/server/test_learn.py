"""Training through the API: from the order to the last event, for one learner and for many."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from lesson_server import Lesson, events, serving, wait_until
from safetensors.numpy import load

from exmachina import Classifier, load_mnist
from exmachina.networks import Network
from exmachina.runs import Run
from exmachina.server import Limits, Settings
from exmachina.strokes import render_strokes

Order = Callable[..., dict[str, Any]]


def start(client: httpx.Client, order: dict[str, Any], kind: str = "trainings") -> str:
    answer = client.post(f"/api/v1/{kind}", json=order)
    assert answer.status_code == 202, answer.text
    key: str = answer.json()["id"]
    return key


def kinds(told: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in told]


def test_training_runs_to_its_end(
    client: httpx.Client, order: Order, tiny_network: Network, settings: Settings
) -> None:
    key = start(client, order(seed=3))
    told = events(client, key)
    assert [event["id"] for event in told] == list(range(1, len(told) + 1))
    assert kinds(told)[0] == "queued" and told[0]["position"] == 0
    begun = next(event for event in told if event["type"] == "started")
    steps = [event for event in told if event["type"] == "step"]
    assert begun["images"] == 60_000 and begun["parameters"] == tiny_network.parameters and begun["seed"] == 3
    assert begun["steps"] == 12 == steps[-1]["step"] and steps[0]["step"] == 1
    assert all(event["loss"] > 0 and event["seconds"] >= 0 for event in steps)
    end = told[-1]
    assert end["type"] == "end" and 0.15 < end["test_accuracy"] < 1 and end["train_seconds"] > 0

    listed = client.get("/api/v1/runs").json()
    assert [run["id"] for run in listed if not run["shipped"]] == [end["run_id"]]
    directory = next(settings.data_folder.glob(f"lesson/runs/*/{end['run_id']}"))
    run = Run.load(directory)
    assert run.network == tiny_network and run.test_accuracy == end["test_accuracy"] and not run.interrupted
    assert run.train_seconds == end["train_seconds"]
    # The accuracy it tells is the accuracy it has, in another runtime.
    test = load_mnist()[1]
    assert Classifier.load(directory).accuracy(test.images, test.labels) == pytest.approx(
        end["test_accuracy"], abs=5e-3
    )

    shots = [event for event in told if event["type"] == "snapshot"]
    assert [shot["index"] for shot in shots] == list(range(len(shots))) and len(shots) == 5
    assert shots[0]["step"] == 0 and shots[-1]["step"] == 12
    first, last = (load(client.get(shot["url"]).content) for shot in (shots[0], shots[-1]))
    assert set(first) == set(tiny_network.weight_shapes())
    assert all(np.array_equal(last[name], run.weights[name]) for name in last)
    assert not np.array_equal(first["conv1.weight"], last["conv1.weight"])

    image = render_strokes([[[10, 10], [90, 12], [40, 120]]])
    read = client.post("/api/v1/predict", params={"run": end["run_id"]}, json={"pixels": image.ravel().tolist()}).json()
    assert read["probabilities"] == list(Classifier.load(directory).predict(image).probabilities)


def test_same_seed_gives_the_same_run(client: httpx.Client, order: Order) -> None:
    ends = [events(client, start(client, order(seed=seed)))[-1] for seed in (1, 1, 2)]
    assert ends[0]["test_loss"] == ends[1]["test_loss"] != ends[2]["test_loss"]


def test_steps_are_thinned(client: httpx.Client, order: Order) -> None:
    told = events(client, start(client, {**order(epochs=0.4), "snapshots": 0}))
    steps = [event["step"] for event in told if event["type"] == "step"]
    assert len(steps) <= 200 and steps[0] == 1 and steps[-1] == 240 and "snapshot" not in kinds(told)


def test_stream_resumes_where_it_was(client: httpx.Client, order: Order) -> None:
    key = start(client, order())
    whole = events(client, key)
    for after in (0, 1, 7, len(whole) - 1):
        assert events(client, key, after=after) == whole[after:]
    assert events(client, key, after=len(whole)) == [] == events(client, key, after=10**9)
    assert client.get(f"/api/v1/trainings/{key}/events", headers={"Last-Event-ID": "x"}).text.count("data:") == len(
        whole
    )


def test_two_can_watch_and_leaving_stops_nothing(client: httpx.Client, order: Order) -> None:
    key = start(client, order())
    with client.stream("GET", f"/api/v1/trainings/{key}/events") as response:
        next(response.iter_lines())  # and away
    assert kinds(events(client, key))[-1] == "end"


def test_trainings_belong_to_their_learner(lesson: Lesson, order: Order) -> None:
    ada, ben = lesson.learner(), lesson.learner()
    key = start(ada, order())
    assert events(ada, key)[-1]["type"] == "end"
    for path in (
        f"trainings/{key}/events",
        f"trainings/{key}/snapshots/0",
        f"runs/{key}/run.json",
        f"runs/{key}/evaluation",
    ):
        assert ben.get(f"/api/v1/{path}").status_code == 404, path
        assert ada.get(f"/api/v1/{path}").status_code == 200, path
    assert ben.post(f"/api/v1/trainings/{key}/stop", json={}).status_code == 404
    assert ben.get("/api/v1/trainings").json() == [] and ada.get("/api/v1/trainings").json()[0]["state"] == "end"
    assert ben.post("/api/v1/predict", params={"run": key}, json={"pixels": [0] * 784}).status_code == 404


def test_running_training_can_be_stopped(client: httpx.Client, order: Order) -> None:
    key = start(client, order(epochs=50))
    with client.stream("GET", f"/api/v1/trainings/{key}/events") as response:
        for line in response.iter_lines():
            if '"step"' in line:
                break
    assert client.post(f"/api/v1/trainings/{key}/stop", json={}).status_code == 202
    last = events(client, key)[-1]
    assert last["type"] == "stopped" and last["test_accuracy"] is None
    assert client.get(f"/api/v1/runs/{last['run_id']}/run.json").json()["interrupted"]
    assert client.post(f"/api/v1/trainings/{key}/stop", json={}).status_code == 202  # twice does no harm
    assert kinds(events(client, start(client, order())))[-1] == "end"  # and the process goes on


def test_many_learners_see_their_place_and_take_turns(lesson: Lesson, order: Order) -> None:
    greedy, others = lesson.learner(), [lesson.learner() for _ in range(6)]
    long = start(greedy, order(epochs=50))
    more = [start(greedy, order()) for _ in range(2)]
    keys = [start(other, order()) for other in others]
    with others[-1].stream("GET", f"/api/v1/trainings/{keys[-1]}/events") as response:
        first = next(line for line in response.iter_lines() if line.startswith("data:"))
    # One is running, the greedy learner has one turn in the round, five others came before.
    assert '"position": 7' in first and '"estimated_seconds"' in first
    assert lesson.learner().get("/api/v1/health").json()["waiting"] == 8
    # Nobody may queue without end.
    refused = greedy.post("/api/v1/trainings", json=order())
    assert (
        refused.status_code == 503
        and refused.headers["retry-after"]
        and "waiting or running" in refused.json()["error"]
    )

    greedy.post(f"/api/v1/trainings/{long}/stop", json={})
    places: list[int] = []
    for other, key in zip(others, keys, strict=True):
        told = events(other, key)
        assert kinds(told)[-1] == "end"
        places = [event["position"] for event in told if event["type"] == "queued"]
        assert places == sorted(places, reverse=True)
    assert places[0] == 7 and len(places) > 3
    for key in more:
        assert kinds(events(greedy, key))[-1] == "end"


def test_waiting_training_can_leave_the_queue(lesson: Lesson, order: Order) -> None:
    ada, ben = lesson.learner(), lesson.learner()
    running, waiting = start(ada, order(epochs=50)), start(ben, order())
    ben.post(f"/api/v1/trainings/{waiting}/stop", json={})
    assert events(ben, waiting)[-1] == {"type": "stopped", "run_id": None, "id": 2}
    ada.post(f"/api/v1/trainings/{running}/stop", json={})
    assert events(ada, running)[-1]["type"] == "stopped"


def test_long_training_does_not_hold_up_short_ones(lesson: Lesson, order: Order) -> None:
    ada, ben = lesson.learner(), lesson.learner()
    long = start(ada, {"recipe": "classic", "changes": {"epochs": 3}})
    assert kinds(events(ben, start(ben, order())))[-1] == "end"
    ada.post(f"/api/v1/trainings/{long}/stop", json={})
    told = events(ada, long)
    assert kinds(told)[-1] == "stopped"


def test_diverging_training_says_why(client: httpx.Client, order: Order) -> None:
    told = events(client, start(client, order(learning_rate=1000, weight_decay=1000)))
    assert kinds(told)[-1] == "error" and "smaller learning rate" in told[-1]["error"]
    assert any(event["type"] == "step" and event["loss"] is None for event in told)


@pytest.mark.parametrize(
    "body",
    [
        {"recipe": "fats"},
        {"seed": -1},
        {"seed": 2**40},
        {"seed": "0"},
        {"snapshots": 1000},
        {"changes": []},
        {"changes": {"epochs": 1e9}},
        {"network": {}},
        {"network": []},
        {"unknown": 1},
        {"recipe": "/etc/passwd"},
        [],
    ],
)
def test_impossible_order_is_refused_at_once(client: httpx.Client, body: Any) -> None:
    for kind in ("trainings", "experiments"):
        answer = client.post(f"/api/v1/{kind}", json=body)
        assert answer.status_code == 400 and list(answer.json()) == ["error"], kind
    assert client.get("/api/v1/trainings").json() == []


def test_experiment_tells_its_spread(client: httpx.Client, order: Order) -> None:
    body = {key: value for key, value in order(epochs=0.05).items() if key in ("recipe", "network", "changes")}
    key = start(client, {**body, "vary": {"learning_rate": [0.001, 0.03]}, "seeds": 2}, "experiments")
    told = events(client, key, "experiments")
    begun = next(event for event in told if event["type"] == "started")
    assert begun["total"] == 4 and "held out" in begun["measured_on"]
    results = [event for event in told if event["type"] == "result"]
    assert sorted((result["value"], result["seed"]) for result in results) == [
        (0.001, 0),
        (0.001, 1),
        (0.03, 0),
        (0.03, 1),
    ]
    for row in told[-1]["table"]:
        accuracies = [result["accuracy"] for result in results if result["value"] == row["value"]]
        assert row["n"] == 2 and row["mean"] == pytest.approx(np.mean(accuracies))
        assert row["sd"] == pytest.approx(np.std(accuracies, ddof=1))
        assert row["interval"][0] <= row["mean"] <= row["interval"][1]
    assert client.get("/api/v1/runs").json()[-1]["shipped"]  # an experiment keeps numbers, not runs


def test_failing_value_does_not_cost_an_experiment(client: httpx.Client, order: Order) -> None:
    body = {
        key: value
        for key, value in order(optimizer="sgd", precision="fp32").items()
        if key in ("recipe", "network", "changes")
    }
    key = start(client, {**body, "vary": {"learning_rate": [1000, 0.01]}, "seeds": 1}, "experiments")
    table = {row["value"]: row for row in events(client, key, "experiments")[-1]["table"]}
    assert table[0.01]["n"] == 1 and table[0.01]["mean"] > 0.05


def test_experiment_can_be_stopped(client: httpx.Client, order: Order) -> None:
    body = {key: value for key, value in order(epochs=30).items() if key in ("recipe", "network", "changes")}
    key = start(client, {**body, "seeds": 5}, "experiments")
    client.post(f"/api/v1/experiments/{key}/stop", json={})
    told = events(client, key, "experiments")
    assert told[-1]["type"] == "stopped" and told[-1]["table"][0]["n"] == 0


def test_own_digits_are_learned(client: httpx.Client, order: Order) -> None:
    assert "empty" in client.post("/api/v1/finetune", json={"run": "tiny"}).json()["error"]
    base = events(client, start(client, order(epochs=0.3, learning_rate=0.02)))[-1]["run_id"]
    # Somebody writes a 4 that the network has never seen: a cross.
    for slant in (0, 4, 8):
        image = render_strokes([[[50, 0], [50 - slant, 100]], [[10, 50], [90, 50 + slant]]])
        client.post("/api/v1/collection", json={"label": 4, "strokes": None, "image": image.ravel().tolist()})
    told = events(client, start(client, {"run": base, "snapshots": 4}, "finetune"))
    end = told[-1]
    assert end["type"] == "end" and next(event for event in told if event["type"] == "started")["images"] == 3
    assert end["after"]["collection_accuracy"] == 1 >= end["before"]["collection_accuracy"]
    assert end["after"]["test_accuracy"] > end["before"]["test_accuracy"] - 0.02
    assert end["after"]["test_accuracy"] == end["test_accuracy"]
    assert client.get(f"/api/v1/runs/{end['run_id']}/run.json").json()["recipe"]["name"] == "fast + mine"
    read = client.post("/api/v1/predict", params={"run": end["run_id"]}, json={"pixels": image.ravel().tolist()})
    assert read.json()["digit"] == 4


def test_dead_training_process_is_told_and_replaced(lesson: Lesson, order: Order) -> None:
    client = lesson.learner()
    key = start(client, order(epochs=50))
    lane = lesson.app.state.services.hub.lanes[True]
    wait_until(lambda: lane.running is not None and any('"step"' in event for event in lane.running.job.events))
    os.kill(lane.worker.process.pid, signal.SIGKILL)
    last = events(client, key)[-1]
    assert last["type"] == "error" and "ended unexpectedly" in last["error"]
    assert kinds(events(client, start(client, order())))[-1] == "end"


def test_prediction_is_answered_while_a_training_runs(lesson: Lesson, order: Order) -> None:
    client = lesson.learner()
    key = start(client, order(epochs=50))
    for _ in range(20):
        assert client.post("/api/v1/predict?run=tiny", json={"strokes": [[[0, 0], [5, 9]]]}).status_code == 200
    assert client.get("/api/v1/trainings").json()[0]["state"] in ("queued", "running")
    client.post(f"/api/v1/trainings/{key}/stop", json={})
    assert events(client, key)[-1]["type"] == "stopped"


def test_only_the_latest_are_kept(settings: Settings, tmp_path: Path, order: Order) -> None:
    limits = Limits(runs_per_learner=2, kept_jobs_per_learner=1)
    with serving(replace(settings, data_folder=tmp_path, limits=limits)) as lesson:
        client = lesson.learner()
        keys = [start(client, order(epochs=0.01)) for _ in range(3)]
        ends = [events(client, keys[0])[-1], events(client, keys[-1])[-1]]
        wait_until(lambda: len(list(tmp_path.glob("lesson/runs/*/*"))) == 2)
        own = [run["id"] for run in client.get("/api/v1/runs").json() if not run["shipped"]]
        assert own == [keys[2], keys[1]] and ends[1]["run_id"] == keys[2]
        assert client.get(f"/api/v1/trainings/{keys[0]}/events").status_code == 404
        folder = lesson.app.state.services.hub._folder
        assert folder.is_dir()
    assert not folder.exists()  # snapshots go with the server, runs stay
    with serving(replace(settings, data_folder=tmp_path, limits=limits)) as lesson:
        again = httpx.Client(base_url=lesson.address, cookies=client.cookies, trust_env=False)
        assert {run["id"] for run in again.get("/api/v1/runs").json() if not run["shipped"]} == set(keys[1:])
        again.close()


def test_training_that_takes_too_long_is_ended(settings: Settings, tmp_path: Path, order: Order) -> None:
    with serving(replace(settings, data_folder=tmp_path, limits=Limits(job_seconds=0.5))) as lesson:
        client = lesson.learner()
        assert events(client, start(client, order(epochs=50)))[-1]["type"] == "stopped"


def test_unwritable_folder_is_one_line_without_its_path(settings: Settings, tmp_path: Path, order: Order) -> None:
    (tmp_path / "file").write_text("")
    with serving(replace(settings, data_folder=tmp_path / "file")) as lesson:
        client = lesson.learner()
        for answer in (client.post("/api/v1/trainings", json=order()), client.get("/api/v1/collection")):
            assert answer.status_code == 400 and "EXMACHINA_DATA" in answer.json()["error"]
            assert str(tmp_path) not in answer.text


def test_remains_of_an_interrupted_save_are_swept_away(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "lesson" / "runs" / "somebody"
    for name, age in (("0" * 16, 7200), ("1" * 16, 10), ("notes", 7200)):
        (folder / name).mkdir(parents=True)
        (folder / name / ".model.onnx.1.partial").write_bytes(b"half")
        os.utime(folder / name, (time.time() - age,) * 2)
    with serving(replace(settings, data_folder=tmp_path)):
        assert sorted(path.name for path in folder.iterdir()) == ["1" * 16, "notes"]
