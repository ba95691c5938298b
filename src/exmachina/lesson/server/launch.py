"""Serving the lesson until Ctrl-C."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sys
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
KEEP_ALIVE_SECONDS = 30
GRACE_SECONDS = 1
WANTED_FILES = 4096  # open sockets, where the system allows


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

    `on_ready` is called once with the address to open, token included, when the server answers; port 0 takes a
    free one. Raises `InputError` if the port is taken, or if others could reach `host` and there is no token.
    """
    chosen = replace(settings or Settings(), host=host, token=token)
    listener = bind(host, port)
    address = _address(host, listener.getsockname()[1], token)
    chosen = replace(chosen, address=address)

    app = create_app(chosen)

    def ready() -> None:
        threading.Thread(target=app.state.services.prepare, daemon=True).start()
        if on_ready is not None:
            on_ready(address)
        if open_browser:
            own = teacher_address(address, chosen.teacher, "")
            threading.Thread(target=webbrowser.open, args=(own,), daemon=True).start()

    server = LessonServer(app, chosen.limits, ready)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


class LessonServer(uvicorn.Server):
    """uvicorn, told to hurry."""

    def __init__(self, app: FastAPI, limits: Limits, ready: Callable[[], None] | None = None) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # strangers' bad requests are not our errors
        _raise_file_limit()
        self._ready = ready
        protocol = type("LessonProtocol", (TimedProtocol,), _patience(limits))
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
                backlog=BACKLOG,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._ready is not None:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        # Ended as asked, not killed: the signal is not raised again, so that the caller can say goodbye.
        self._captured_signals.clear()


class TimedProtocol(H11Protocol):
    """HTTP/1.1 in which a head must be complete within `header_seconds`, and what is answered must be read.

    uvicorn has no such limits: sockets that send a byte a minute would gather, and so would answers in memory that
    nobody takes, which closing the connection would go on to hold.
    """

    header_seconds, unread_seconds = 10.0, 30.0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._head_timer: asyncio.TimerHandle | None = self.loop.call_later(self.header_seconds, self._head_is_late)
        self._unread_timer: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_timer = self.loop.call_later(self.unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_unread_timer()

    def _stop_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        if self._head_timer is None and (before is None or before.response_complete):
            # The first bytes of another request on a kept connection.
            self._head_timer = self.loop.call_later(self.header_seconds, self._head_is_late)
        super().data_received(data)
        if self.cycle is not before:
            self._stop_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._stop_unread_timer()
        super().connection_lost(exc)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        self.transport.close()


def _patience(limits: Limits) -> dict[str, float]:
    return {"header_seconds": limits.header_seconds, "unread_seconds": limits.response_seconds}


def bind(host: str, port: int) -> socket.socket:
    """A listening socket's address taken, or one line that says why not."""
    check_number("port", port, 0, 65_535)  # the system would take 70000 for 4464
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        if sys.platform != "win32":  # there, it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(where)
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "errno", None)
        if reason == errno.EADDRINUSE:
            raise InputError(f"Port {port} is in use; choose another with --port, or 0 for any free one.") from None
        if reason == errno.EACCES:
            raise InputError(f"Port {port} needs an administrator; choose one above 1023.") from None
        raise InputError(f"Cannot serve on '{host}' port {port} ({getattr(error, 'strerror', error)}).") from None
    listener.setblocking(False)
    return listener


def teacher_address(address: str, teacher: str | None, page: str = "class") -> str:
    """Where the teacher opens a page of the lesson that learners open at `address`."""
    base, _, query = address.partition("?")
    return f"{base}{page}?{f'token={teacher}' if teacher else query}".rstrip("?")


def _address(host: str, port: int, token: str | None) -> str:
    if host in ("0.0.0.0", "::", ""):
        host = _outward_address() or socket.gethostname()
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")


def _outward_address() -> str | None:
    """This computer's own address in its network. Nothing is sent: connecting a datagram socket only picks a route."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        found: str = probe.getsockname()[0]
        return found
    return None


def _raise_file_limit() -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
