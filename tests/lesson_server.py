"""A real server on a free port of the loopback, in a thread, and learners who talk to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from fastapi import FastAPI

from exmachina.lesson.server import Settings, create_app
from exmachina.lesson.server.launch import LessonServer, bind

PATIENCE = 120.0  # seconds; a busy machine must not fail a test that only waits


@dataclass
class Lesson:
    """A running server."""

    address: str
    app: FastAPI
    _clients: list[httpx.Client] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    def learner(self) -> httpx.Client:
        """Somebody who has opened the page."""
        client = httpx.Client(base_url=self.address, timeout=PATIENCE, trust_env=False)
        client.get("/")
        self._clients.append(client)
        return client


@contextmanager
def serving(settings: Settings) -> Iterator[Lesson]:
    listener = bind("127.0.0.1", 0)
    app = create_app(settings)
    server = LessonServer(app, settings.limits)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    lesson = Lesson(f"http://127.0.0.1:{listener.getsockname()[1]}", app)
    try:
        yield lesson
    finally:
        for client in lesson._clients:
            client.close()
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()
