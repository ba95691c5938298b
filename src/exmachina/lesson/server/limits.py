"""How much a visitor may ask for at once: ASGI middlewares that bound bodies, requests and time."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exmachina.lesson.server.guards import CHANGING, header, refuse
from exmachina.lesson.server.settings import Limits

IMAGE_TYPES = ("image/png", "image/jpeg")
JSON, ZIP = "application/json", "application/zip"
# What else than JSON a path takes.
TYPES = {"/api/v1/predict": (JSON, *IMAGE_TYPES), "/api/v1/read": IMAGE_TYPES, "/api/v1/runs": (ZIP,)}
DRAIN_SECONDS = 1.0
log = logging.getLogger("exmachina.lesson.server")


class TooLargeError(Exception):
    """More bytes arrived than the limit allows."""


class FullError(Exception):
    """Other requests' bodies fill the memory set aside for bodies."""


class DisconnectedError(Exception):
    """The client went away before its request was complete."""


@dataclass
class _Memory:
    free: int


class BodyGuard:
    """Reads the whole body of a request before any route sees it: typed, bounded in bytes that arrive, in time.

    The declared length is never trusted; it can only get a request refused sooner.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits
        self.memory = _Memory(limits.bodies_in_memory)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = header(scope, "content-length")
        chunked = header(scope, "transfer-encoding") is not None
        if scope["method"] not in CHANGING:
            if chunked or length not in (None, "0"):
                await refuse(send, 400, f"A {scope['method']} request has no body.")
                return
            await self.app(scope, receive, send)
            return
        kind = (header(scope, "content-type") or "").split(";")[0].strip().lower()
        allowed = TYPES.get(scope["path"], (JSON,))
        if scope["method"] != "DELETE" and kind not in allowed:
            await refuse(send, 415, f"Content-Type '{kind[:60]}' is not understood here; send {', '.join(allowed)}.")
            return
        caps = {ZIP: self.limits.run_body, **dict.fromkeys(IMAGE_TYPES, self.limits.image_body)}
        cap = caps.get(kind, self.limits.json_body) if kind in allowed else self.limits.json_body
        declared = int(length) if length and length.isdecimal() else 0
        taken = 0
        body = bytearray()
        try:
            if declared > cap:
                raise TooLargeError
            async with asyncio.timeout(self.limits.body_seconds):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise DisconnectedError
                    chunk = message.get("body", b"")
                    if len(body) + len(chunk) > cap:
                        raise TooLargeError
                    if len(chunk) > self.memory.free:
                        raise FullError
                    self.memory.free -= len(chunk)
                    taken += len(chunk)
                    body += chunk
                    more = message.get("more_body", False)
            await self.app(scope, _replay(bytes(body), receive), send)
        except TooLargeError:
            body.clear()
            await _drain(receive)
            await refuse(send, 413, f"The body is larger than {cap >> 20} MiB; send a smaller one.")
        except FullError:
            body.clear()
            await _drain(receive)
            await refuse(send, 503, "The server is busy with other uploads; try again.", {"Retry-After": "2"})
        except TimeoutError:
            await refuse(send, 408, f"The body took longer than {self.limits.body_seconds:g} s; send it faster.")
        except DisconnectedError:
            return
        finally:
            self.memory.free += taken


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replayed() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


async def _drain(receive: Receive) -> None:
    """Discard what is still coming for a moment, so that the client reads the refusal and not a reset."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            more = True
            while more:
                message = await receive()
                more = message["type"] == "http.request" and message.get("more_body", False)


class Busy:
    """Answers 503 when too many requests are in the house."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits
        self.requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/api/v1/health":
            await self.app(scope, receive, send)
            return
        if self.requests >= self.limits.requests:
            await refuse(send, 503, "Everybody is asking at once; try again in a second.", {"Retry-After": "1"})
            return
        self.requests += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.requests -= 1


class Deadline:
    """Ends a request whose answer does not begin, or does not go on, in time; hides what went wrong inside."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False
        loop = asyncio.get_running_loop()

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)
            deadline.reschedule(loop.time() + self.limits.response_seconds)

        try:
            async with asyncio.timeout(self.limits.response_seconds) as deadline:
                await self.app(scope, receive, watched)
        except TimeoutError:
            if not started:
                await refuse(send, 503, "The answer took too long; try again.", {"Retry-After": "5"})
        except Exception:
            log.exception("A request failed.")
            if not started:
                await refuse(send, 500, "Something went wrong inside the server; its window says what.")
