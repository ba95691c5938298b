"""Serving the lesson until Ctrl-C."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from exmachina.errors import InputError, check_number
from exmachina.lesson.server.app import create_app
from exmachina.lesson.server.settings import Limits, Settings

BACKLOG = 512
FILES = 4096  # open sockets, where the system allows


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    open_browser: bool = True,
    *,
    on_ready: Callable[[str], None] | None = None,
    settings: Settings | None = None,
) -> None:
    """Serve the lesson until Ctrl-C, and then return.

    `on_ready` is called once with the address to open, token included, from when on nobody is turned away; port 0
    takes a free one. Raises `InputError` if the port is taken, or if others could reach `host` and there is no token.
    """
    chosen = replace(settings or Settings(), host=host, token=token)
    listener = bind(host, port)
    address = _address(host, listener.getsockname()[1], token)
    app = create_app(replace(chosen, address=address))
    threading.Thread(target=app.state.services.site.prepare, daemon=True).start()
    with suppress(KeyboardInterrupt):
        if on_ready is not None:
            on_ready(address)
        if open_browser:
            own = teacher_address(address, chosen.teacher, "")
            threading.Thread(target=webbrowser.open, args=(own,), daemon=True).start()
        LessonServer(app, chosen.limits).run(sockets=[listener])


class LessonServer(uvicorn.Server):
    """uvicorn, told to hurry."""

    def __init__(self, app: FastAPI, limits: Limits) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # strangers' bad requests are not our errors
        with suppress(ImportError, OSError, ValueError):
            import resource

            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            if 0 <= soft < FILES:  # no limit is less than none
                resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard) if hard >= 0 else FILES, hard))
        super().__init__(
            uvicorn.Config(
                app,
                http=type("LessonProtocol", (TimedProtocol,), {"limits": limits}),
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=1,
                backlog=BACKLOG,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        # Ended as asked, not killed: the signal is not raised again, so that the caller can say goodbye.
        self._captured_signals.clear()


class TimedProtocol(H11Protocol):
    """HTTP/1.1 in which a head must be complete within `header_seconds`, and what is answered must be read.

    uvicorn has no such limits: sockets that send a byte a minute would gather, and so would answers in memory that
    nobody takes, which closing the connection would go on to hold.
    """

    limits = Limits()

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._start("head", self.limits.header_seconds, self.transport.close)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start("unread", self.limits.response_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop("unread")

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        if "head" not in self._timers and (before is None or before.response_complete):
            # The first bytes of another request on a kept connection.
            self._start("head", self.limits.header_seconds, self.transport.close)
        super().data_received(data)
        if self.cycle is not before:
            self._stop("head")

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop("head")
        self._stop("unread")
        super().connection_lost(exc)

    def _start(self, name: str, seconds: float, end: Callable[[], None]) -> None:
        self._timers[name] = self.loop.call_later(seconds, end)

    def _stop(self, name: str) -> None:
        if name in self._timers:
            self._timers.pop(name).cancel()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket's address taken, or one line that says why not."""
    check_number("port", port, 0, 65_535)  # the system would take 70000 for 4464
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
        # Every connection inherits it; asyncio sees no TCP in such sockets, and each answer's end would wait 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "errno", None)
        if reason == errno.EADDRINUSE:
            raise InputError(f"Port {port} is in use; choose another with --port, or 0 for any free one.") from None
        fix = "; choose a port above 1023" if reason == errno.EACCES else ""
        raise InputError(f"Cannot serve on '{host}' port {port} ({getattr(error, 'strerror', error)}){fix}.") from None
    return listener


def teacher_address(address: str, teacher: str | None, page: str = "class") -> str:
    """Where the teacher opens a page of the lesson that learners open at `address`."""
    base, _, query = address.partition("?")
    return f"{base}{page}?{f'token={teacher}' if teacher else query}".rstrip("?")


def _address(host: str, port: int, token: str | None) -> str:
    if host in ("0.0.0.0", "::", ""):
        host = socket.gethostname()
        # This computer's own address in its network. Nothing is sent: connecting a datagram only picks a route.
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
            host = probe.getsockname()[0]
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")
