"""How much a visitor may ask for."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from exmachina.lesson.server import Limits, Settings
from exmachina.lesson.server.guards.bodies import BodyGuard
from exmachina.lesson.server.guards.deadline import Deadline
from exmachina.lesson.server.guards.turns import Busy
from lesson_server import PATIENCE, Lesson, serving

JSON = {"Content-Type": "application/json"}
POST = "POST /api/v1/collection HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def strict(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    """A server with little patience."""
    limits = Limits(header_seconds=0.5, body_seconds=0.5, json_body=1 << 20)
    with serving(replace(settings, limits=limits, data_folder=tmp_path_factory.mktemp("strict"))) as lesson:
        yield lesson


def converse(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send parts over a raw socket and return everything that comes back until the server closes."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw:
        try:
            for part in parts:
                raw.sendall(part)
                time.sleep(pause)
            while chunk := raw.recv(65536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
    return received


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_body_over_the_cap_is_refused(client: httpx.Client) -> None:
    answer = client.post("/api/v1/collection", content=b" " * (3 << 20), headers=JSON)
    assert answer.status_code == 413 and "larger than 1 MiB" in answer.json()["error"]


def test_chunked_body_over_the_cap_is_refused(client: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(48):
            yield b" " * (1 << 16)

    assert client.post("/api/v1/collection", content=chunks(), headers=JSON).status_code == 413


def test_image_may_be_larger_than_json(client: httpx.Client) -> None:
    photo = b"\x89PNG\r\n\x1a\n" + b" " * (3 << 20)
    assert (
        client.post("/api/v1/predict?run=tiny", content=photo, headers={"Content-Type": "image/png"}).status_code == 400
    )
    photo = b"\x89PNG\r\n\x1a\n" + b" " * (13 << 20)
    assert (
        client.post("/api/v1/predict?run=tiny", content=photo, headers={"Content-Type": "image/png"}).status_code == 413
    )


def test_declared_length_alone_is_enough_to_refuse(lesson: Lesson) -> None:
    answer = converse(lesson.port, f"{POST}Content-Length: 99999999999\r\n\r\n".encode())
    assert status(answer) == 413


def test_more_than_the_declared_length_is_not_read(lesson: Lesson) -> None:
    head = f"{POST}Content-Length: 2\r\nConnection: close\r\n\r\n".encode()
    answer = converse(lesson.port, head + b"{}" + b" " * (1 << 21))
    assert not answer or status(answer) == 400


def test_contradictory_or_broken_framing_is_refused(lesson: Lesson) -> None:
    for fields in (
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: -1",
        "Content-Length: x",
        "Transfer-Encoding: gzip",
    ):
        answer = converse(lesson.port, f"{POST}{fields}\r\n\r\n{{}}".encode())
        assert status(answer) in (400, 413, 501)


def test_body_of_a_get_is_refused(client: httpx.Client) -> None:
    assert client.request("GET", "/api/v1/runs", content=b"x").status_code == 400


def test_slow_body_is_cut_off(strict: Lesson) -> None:
    head = f"{POST}Content-Length: 1000\r\n\r\n".encode()
    assert status(converse(strict.port, head, b"{", b" ")) == 408


def test_slow_head_is_cut_off(strict: Lesson) -> None:
    assert converse(strict.port, b"GET / HTT") == b""
    assert converse(strict.port, b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X: y\r\n") == b""
    assert converse(strict.port) == b""  # says nothing at all


def test_second_slow_head_on_a_kept_connection_is_cut_off(strict: Lesson) -> None:
    whole = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", strict.port), timeout=PATIENCE) as raw:
        raw.sendall(whole)
        assert b"200 OK" in raw.recv(65536)
        raw.sendall(whole[:20])
        while raw.recv(65536):
            pass


def test_overlong_head_is_refused(lesson: Lesson) -> None:
    answer = converse(lesson.port, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: " + b"b" * (1 << 20) + b"\r\n\r\n")
    assert not answer or status(answer) >= 400


def test_health_answers_beside_500_idle_sockets(lesson: Lesson, client: httpx.Client) -> None:
    with ExitStack() as stack:
        for index in range(500):
            raw = stack.enter_context(closing(socket.create_connection(("127.0.0.1", lesson.port), timeout=PATIENCE)))
            if index % 2:
                raw.sendall(b"GET /api")
        assert client.get("/api/v1/health").json()["status"] == "ok"
        newcomer = lesson.learner()
        assert newcomer.get("/api/v1/health").status_code == 200


Message = dict[str, Any]


def call(app: Any, scope: dict[str, Any] | None = None, incoming: list[Message] | None = None) -> list[Message]:
    """What an ASGI app sends for one request."""
    return asyncio.run(call_async(app, scope, incoming))


async def call_async(
    app: Any, scope: dict[str, Any] | None = None, incoming: list[Message] | None = None
) -> list[Message]:
    sent: list[Message] = []
    messages = list(incoming or [{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    base = {"type": "http", "method": "GET", "path": "/x", "headers": [], "state": {"learner": "l"}}
    await app({**base, **(scope or {})}, receive, send)
    return sent


def header(sent: list[Message], name: bytes) -> bytes | None:
    return dict(sent[0]["headers"]).get(name)


async def fine(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"fine"})


def test_more_than_the_cap_at_once_is_told_to_come_back() -> None:
    async def scenario() -> list[Message]:
        release = asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            await release.wait()
            await fine(scope, receive, send)

        guard = Busy(slow, Limits(requests=2, turn_seconds=0.05))
        waiting = [asyncio.create_task(call_async(guard, {"client": (f"10.0.0.{n}", 1)})) for n in range(2)]
        await asyncio.sleep(0)
        refused = await call_async(guard, {"client": ("10.0.0.9", 1)})
        release.set()
        assert [sent[0]["status"] for sent in await asyncio.gather(*waiting)] == [200, 200]
        assert (await call_async(guard))[0]["status"] == 200  # there is room again
        return refused

    refused = asyncio.run(scenario())
    assert refused[0]["status"] == 503 and int(header(refused, b"retry-after") or 0) > 0


def test_answer_that_does_not_come_is_a_503() -> None:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    sent = call(Deadline(never, Limits(response_seconds=0.05)))
    assert sent[0]["status"] == 503 and header(sent, b"retry-after")


def test_failure_inside_reveals_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("/home/ada/secret")

    sent = call(Deadline(broken, Limits()))
    assert sent[0]["status"] == 500 and b"secret" not in sent[1]["body"] and json.loads(sent[1]["body"])["error"]
    assert "/home/ada/secret" in caplog.text  # the host can read it


def test_bodies_share_a_memory_that_can_be_full() -> None:
    scope = {"method": "POST", "headers": [(b"content-type", b"application/json")]}
    guard = BodyGuard(fine, Limits(bodies_in_memory=100))
    big = [{"type": "http.request", "body": b"x" * 101, "more_body": False}]
    sent = call(guard, scope, big)
    assert sent[0]["status"] == 429 and header(sent, b"retry-after")
    assert call(guard, scope)[0]["status"] == 200 and guard.memory.free == 100


def test_no_error_names_a_path_of_this_computer(tmp_path: Path) -> None:
    from exmachina.lesson.server.errors import without_paths

    line = f"'{tmp_path}/a b/run.json' does not match; see {tmp_path}/x or C:\\Users\\ada\\y, 1/2 done."
    assert str(tmp_path) not in without_paths(line) and "ada" not in without_paths(line)
    assert "1/2 done" in without_paths(line)
