"""One learner's greed is that learner's own: turns, memory, guesses and drawings are shared out."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import HTTPException
from uvicorn.protocols.http.flow_control import FlowControl

from exmachina.images.strokes import SENT_POINTS, drawable, thinned
from exmachina.lesson.collection import Collection, QuotaError, Room
from exmachina.lesson.server import Limits, Settings
from exmachina.lesson.server.guards.deadline import PORTION, portions
from exmachina.lesson.server.guards.guard import Visitor, address_of
from exmachina.lesson.server.guards.turns import Pace, Shares, Turns
from exmachina.lesson.server.launch import TimedProtocol
from exmachina.lesson.server.services import Pool
from lesson_server import PATIENCE, Lesson, serving

pytestmark = pytest.mark.slow

IMAGE = np.full((28, 28), 9, np.uint8)
ADA, BEN = Visitor("10.0.0.1", "ada"), Visitor("10.0.0.2", "ben")


def zigzag(points: int, step: float = 7.0) -> list[list[list[float]]]:
    return [[[float(n % 2) * 100, n * step] for n in range(points)]]


def test_line_goes_round_by_address_and_then_by_learner() -> None:
    async def scenario() -> list[str]:
        turns = Turns(Shares(1, 1, 1), Shares(99, 9, 9), 9)
        order: list[str] = []

        async def one(who: Visitor) -> None:
            await turns.take(who)
            order.append(who.learner)
            turns.give_back(who)

        await turns.take(BEN)  # so that all others have to wait
        greedy = [Visitor("10.0.0.1", name) for name in ("a", "a", "a", "b")]
        tasks = [asyncio.create_task(one(who)) for who in (*greedy, Visitor("10.0.0.3", "c"))]
        await asyncio.sleep(0)
        turns.give_back(BEN)
        await asyncio.gather(*tasks)
        assert turns.places.free == 1
        return order

    assert asyncio.run(scenario()) == ["a", "c", "b", "a", "a"]


def test_own_share_is_429_and_everybodys_503_and_who_gives_up_leaves_no_trace() -> None:
    async def scenario() -> None:
        turns = Turns(Shares(2, 1, 1), Shares(2, 1, 1), 0.05)
        await turns.take(ADA)
        waiting = asyncio.create_task(turns.take(ADA))
        await asyncio.sleep(0)
        with pytest.raises(HTTPException) as own:
            await turns.take(ADA)
        assert own.value.status_code == 429
        await turns.take(BEN)
        with pytest.raises(HTTPException) as late:
            await turns.take(Visitor("10.0.0.3", "eve"))
        assert late.value.status_code == 503
        with pytest.raises(HTTPException):
            await waiting
        cancelled = asyncio.create_task(turns.take(ADA))
        await asyncio.sleep(0)
        cancelled.cancel()
        turns.give_back(ADA)
        turns.give_back(BEN)
        await asyncio.sleep(0)
        assert turns.places.free == 2 and not turns.places.held and not turns.waiting.held
        assert not turns._line and not turns._order

    asyncio.run(scenario())


def test_pool_serves_the_one_before_the_hundred_and_tells_the_hundred() -> None:
    async def scenario() -> list[str]:
        gate = threading.Event()
        order: list[str] = []
        pool = Pool(1, 400, "test")

        def ask(name: str, who: Visitor) -> asyncio.Task[None]:
            return asyncio.create_task(pool.run(lambda: order.append(name), who))

        first = asyncio.create_task(pool.run(gate.wait, ADA))
        await asyncio.sleep(0)
        tasks = [ask("ada", ADA) for _ in range(100)]
        await asyncio.sleep(0)
        with pytest.raises(HTTPException) as refused:
            await pool.run(lambda: None, ADA)
        assert refused.value.status_code == 429 and refused.value.headers == {"Retry-After": "2"}
        tasks.append(ask("ben", BEN))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, *tasks)
        pool.close()
        return order

    assert asyncio.run(scenario()).index("ben") <= 1


def test_one_learners_loop_locks_nobody_out(settings: Settings, tmp_path: Path) -> None:
    limits = Limits(requests=4, requests_per_learner=2, turn_seconds=30)
    with serving(replace(settings, data_folder=tmp_path, limits=limits)) as lesson:
        stop = threading.Event()
        slow = {"strokes": zigzag(300)}

        def loop() -> None:
            greedy = lesson.learner()
            while not stop.is_set():
                greedy.post("/api/v1/predict?run=tiny", json=slow)

        threads = [threading.Thread(target=loop) for _ in range(4)]
        for thread in threads:
            thread.start()
        other = lesson.learner()
        answers = [other.post("/api/v1/predict?run=tiny", json={"pixels": [9] * 784}) for _ in range(3)]
        stop.set()
        for thread in threads:
            thread.join()
    assert [answer.status_code for answer in answers] == [200] * 3


def test_memory_for_bodies_is_shared_out() -> None:
    memory = Shares(400, 100, 200)
    memory.take(ADA, 100)
    with pytest.raises(HTTPException) as own:
        memory.take(ADA, 1)
    assert own.value.status_code == 429
    memory.take(Visitor(ADA.address, "second"), 100)
    with pytest.raises(HTTPException):  # identities are free, addresses are not
        memory.take(Visitor(ADA.address, "third"), 1)
    memory.take(BEN, 100)
    memory.take(Visitor("10.0.0.3", "eve"), 100)
    with pytest.raises(HTTPException) as everybody:
        memory.take(Visitor("10.0.0.4", "zoe"), 1)
    assert everybody.value.status_code == 503
    for who in (ADA, Visitor(ADA.address, "second"), BEN, Visitor("10.0.0.3", "eve")):
        memory.give_back(who, 100)
    assert memory.free == 400 and not memory.held


@pytest.mark.parametrize(
    ("host", "key"),
    [("192.168.1.5", "192.168.1.5"), ("::ffff:192.168.1.5", "192.168.1.5"), ("fe80::1:2:3:4%eth0", "fe80::"), ("", "")],
)
def test_one_computer_has_one_address(host: str, key: str) -> None:
    assert address_of(host) == key


def test_pace_lets_some_through_at_once_and_forgets_the_longest_unseen() -> None:
    pace = Pace(2, 1000.0)
    assert pace.wait("a") == 0
    slow = Pace(2, 0.001)
    for _ in range(2):
        assert slow.wait("a") == 0
        slow.spend("a")
    assert slow.wait("a") > 100 and slow.wait("b") == 0
    for number in range(10_001):
        slow.spend(str(number))
    assert slow.wait("a") == 0 and len(slow._spent) == 10_000


def test_large_answer_is_handed_over_in_portions() -> None:
    body = bytes(range(256)) * 1024
    parts = list(portions({"type": "http.response.body", "body": body}))
    assert b"".join(part["body"] for part in parts) == body and all(len(part["body"]) <= PORTION for part in parts)
    assert [part["more_body"] for part in parts] == [True] * (len(parts) - 1) + [False]


def test_connection_on_which_nobody_reads_is_dropped() -> None:
    """Closing it would wait until the last byte is taken; aborting lets go of what is in memory."""

    async def scenario() -> list[str]:
        done: list[str] = []

        class Transport(asyncio.Transport):
            def abort(self) -> None:
                done.append("aborted")

        protocol = TimedProtocol.__new__(TimedProtocol)
        protocol.loop, protocol.transport, protocol._timers = asyncio.get_running_loop(), Transport(), {}
        protocol.flow = FlowControl(Transport())
        protocol.limits = Limits(response_seconds=0.05)
        protocol.pause_writing()
        protocol.resume_writing()
        await asyncio.sleep(0.1)
        done.append("read in time")
        protocol.pause_writing()
        await asyncio.sleep(0.1)
        return done

    assert asyncio.run(scenario()) == ["read in time", "aborted"]


@pytest.fixture(scope="module")
def guarded(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    chosen = replace(settings, token="code-of-the-class", teacher="code-of-the-teacher")
    with serving(replace(chosen, data_folder=tmp_path_factory.mktemp("guarded"))) as lesson:
        yield lesson


def test_guesses_are_paced_by_address_whatever_carries_them(guarded: Lesson) -> None:
    with httpx.Client(base_url=guarded.address, timeout=PATIENCE, trust_env=False) as inside:
        assert inside.get("/?token=code-of-the-class").status_code == 200
        statuses = []
        with httpx.Client(base_url=guarded.address, timeout=PATIENCE, trust_env=False) as client:
            for number in range(30):
                headers = {"Authorization": f"Bearer wrong-guess-{number}"} if number % 2 else {}
                path = "/api/v1/health" if number % 2 else f"/?token=wrong-guess-{number}"
                statuses.append(client.get(path, headers=headers).status_code)
            refused = client.get("/api/v1/health", headers={"Authorization": "Bearer code-of-the-class"})
            # What a cookie holds is no code, so there is nothing to guess.
            for name in ("exmachina_token", "exmachina_teacher"):
                forged = {"Cookie": f"{name}=code-of-the-class"}
                assert client.get("/api/v1/health", headers=forged).status_code == 401
        assert statuses[:20] == [401] * 20 and statuses[-1] == 429
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
        assert inside.get("/api/v1/health").status_code == 200  # whoever is in stays in
        assert "code-of-the-class" not in inside.cookies["exmachina_token"]


def test_drawing_is_kept_without_points_that_nobody_sees() -> None:
    dense = [[[n / 100, 50.0] for n in range(SENT_POINTS)]]
    kept = thinned(dense)
    assert len(kept[0]) < 400 and kept[0][0] == dense[0][0] and kept[0][-1] == dense[0][-1]
    hand = [[[10.0, 10.0], [90.0, 12.5], [40.0, 120.0]], [], [[5.0, 5.0]]]
    assert thinned(hand) == hand and drawable(hand) == hand and thinned([]) == []
    with pytest.raises(ValueError, match="scribble"):
        drawable(zigzag(SENT_POINTS, step=0.02))


def test_learner_may_keep_so_many_bytes(tmp_path: Path) -> None:
    collection = Collection(tmp_path / "c.sqlite3", Room(bytes_per_learner=100_000))
    with pytest.raises(QuotaError, match="delete some"):
        for _ in range(100):
            collection.add("ada", 1, zigzag(500), IMAGE)
    collection.add("ben", 1, [], IMAGE)
    assert 5 < len(collection.list("ada")) < 30
    collection.delete("ada")
    collection.add("ada", 1, zigzag(500), IMAGE)
    collection.close()


def test_one_learners_full_share_is_429_over_http(settings: Settings, tmp_path: Path) -> None:
    limits = Limits(room=Room(per_learner=2))
    body: dict[str, Any] = {"label": 1, "image": [9] * 784}
    with serving(replace(settings, data_folder=tmp_path, limits=limits)) as lesson:
        ada, ben = lesson.learner(), lesson.learner()
        statuses = [ada.post("/api/v1/collection", json=body).status_code for _ in range(3)]
        assert statuses == [201, 201, 429] and ben.post("/api/v1/collection", json=body).status_code == 201


def test_drawings_from_one_address_are_paced(settings: Settings, tmp_path: Path) -> None:
    with serving(replace(settings, data_folder=tmp_path)) as lesson:
        lesson.app.state.services.keeping = Pace(3, 0.1)
        body: dict[str, Any] = {"label": 1, "image": [9] * 784}
        answers = [lesson.learner().post("/api/v1/collection", json=body) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
        assert int(answers[-1].headers["retry-after"]) >= 1


def test_collection_comes_in_pages_that_are_small(settings: Settings, tmp_path: Path) -> None:
    with serving(replace(settings, data_folder=tmp_path)) as lesson:
        client = lesson.learner()
        keys = []
        for _ in range(25):
            body = {"label": 1, "strokes": zigzag(4900, step=0.02), "image": [9] * 784}
            keys.append(client.post("/api/v1/collection", json=body).json()["id"])
        result, path, pages = [], "/api/v1/collection", 0
        while path:
            answer = client.get(path)
            assert len(answer.content) < 2 << 20
            result += [drawing["id"] for drawing in answer.json()]
            path, pages = answer.links.get("next", {}).get("url", ""), pages + 1
        assert result == keys and pages > 1
        with zipfile.ZipFile(io.BytesIO(client.get("/api/v1/collection/export").content)) as archive:
            assert [item["id"] for item in json.loads(archive.read("digits/drawings.json"))] == keys


@pytest.mark.parametrize("path", ["experiments", "trainings", "runs/fast/evaluation", "networks/check"])
def test_server_trains_nothing_for_anybody(client: httpx.Client, path: str) -> None:
    vary = {"vary": {f"knob{n}": list(range(50)) for n in range(4)}, "epochs": 1e-6}
    assert client.post(f"/api/v1/{path}", json=vary).status_code in (404, 405)


@pytest.mark.parametrize(
    "body",
    [
        b'{"\\ud800": 1}',
        b'{"strokes": "\\ud800"}',
        b'{"label": "\\ud800", "image": []}',
        b'{"strokes": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"strokes": ' + b'{"a":' * 700 + b"1" + b"}" * 700 + b"}",
        b'{"self": 1}',
        b'{"strokes": [[[1, 1e999]]]}',
        b"\x00",
        b'{"images": []}',
        b'{"images": [{}], "pixels": []}',
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/predict?run=tiny", "/api/v1/collection"])
def test_odd_json_is_one_line(client: httpx.Client, path: str, body: bytes) -> None:
    answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and list(answer.json()) == ["error"], answer.text


def test_odd_names_of_runs_are_one_line(client: httpx.Client) -> None:
    for name in ("%ED%A0%80", "%00", "tiny%0d%0aX: y", "self"):
        assert client.post(f"/api/v1/predict?run={name}", json={"pixels": [9] * 784}).status_code in (400, 404)
