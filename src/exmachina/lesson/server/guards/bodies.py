"""The bodies of requests: typed, bounded in bytes and time, and in the memory that they hold together."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exmachina.lesson.server.guards.answers import Visitor, header, refuse, visitor
from exmachina.lesson.server.settings import Limits

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
IMAGE_TYPES = ("image/png", "image/jpeg")
JSON, ZIP = "application/json", "application/zip"
# What else than JSON a path takes.
TYPES = {"/api/v1/predict": (JSON, *IMAGE_TYPES), "/api/v1/read": IMAGE_TYPES, "/api/v1/runs": (ZIP,)}
DRAIN_SECONDS = 1.0


class TooLargeError(Exception):
    """More bytes arrived than the limit allows."""


class FullError(Exception):
    """Bodies fill the memory set aside for them: `own`, if it is this visitor's share."""

    def __init__(self, own: bool) -> None:
        super().__init__("full")
        self.own = own


class DisconnectedError(Exception):
    """The client went away before its request was complete."""


class Memory:
    """Bytes set aside for bodies: a learner may hold a quarter of them, an address half."""

    def __init__(self, size: int) -> None:
        self.size = self.free = size
        self._held: Counter[str] = Counter()

    def take(self, who: Visitor, count: int) -> None:
        """Hold some more bytes. Raises `FullError` if there are none for this visitor."""
        own = (self._held[f"/{who.learner}"] + count) * 4 > self.size or (
            self._held[who.address] + count
        ) * 2 > self.size
        if own or count > self.free:
            raise FullError(own)
        self.free -= count
        self._held.update({f"/{who.learner}": count, who.address: count})

    def give_back(self, who: Visitor, count: int) -> None:
        """Let go of them."""
        self.free += count
        for key in (f"/{who.learner}", who.address):
            self._held[key] -= count
            if not self._held[key]:
                del self._held[key]


class BodyGuard:
    """Reads the whole body of a request before any route sees it: typed, bounded in bytes that arrive, in time.

    The declared length is never trusted; it can only get a request refused sooner.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits
        self.memory = Memory(limits.bodies_in_memory)

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
        cap = caps.get(kind, self._json_cap(scope["path"])) if kind in allowed else self.limits.json_body
        declared = int(length) if length and length.isdecimal() else 0
        who, taken = visitor(scope), 0
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
                    self.memory.take(who, len(chunk))
                    taken += len(chunk)
                    body += chunk
                    more = message.get("more_body", False)
            await self.app(scope, _replay(bytes(body), receive), send)
        except TooLargeError:
            body.clear()
            await _drain(receive)
            await refuse(send, 413, f"The body is larger than {cap >> 20} MiB; send a smaller one.")
        except FullError as error:
            body.clear()
            await _drain(receive)
            whose = "your other uploads; wait for them" if error.own else "other uploads; try again"
            await refuse(send, 429 if error.own else 503, f"The server is busy with {whose}.", {"Retry-After": "2"})
        except TimeoutError:
            await refuse(send, 408, f"The body took longer than {self.limits.body_seconds:g} s; send it faster.")
        except DisconnectedError:
            return
        finally:
            self.memory.give_back(who, taken)

    def _json_cap(self, path: str) -> int:
        return self.limits.batch_body if path == "/api/v1/predict" else self.limits.json_body


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
