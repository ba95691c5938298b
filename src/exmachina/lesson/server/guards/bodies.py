"""The bodies of requests: typed, bounded in bytes and time, and in the memory that they hold together."""

from __future__ import annotations

import asyncio

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exmachina.lesson.server.guards.guard import Guard, header, visitor
from exmachina.lesson.server.guards.turns import Shares
from exmachina.lesson.server.settings import Limits

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
JSON = "application/json"


class BodyGuard(Guard):
    """Reads the whole body of a request before any route sees it: typed, bounded in bytes that arrive, in time.

    The declared length is never trusted; it can only get a request refused sooner. Of the memory set aside for bodies
    a learner may hold a quarter, an address half.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        super().__init__(app)
        self.seconds = limits.body_seconds
        size = limits.bodies_in_memory
        self.memory = Shares(size, size // 4, size // 2)
        pictures = {"image/png": limits.image_body, "image/jpeg": limits.image_body}
        self.json = {JSON: limits.json_body}
        self.caps = {  # what else than JSON a path takes, and how much of it
            "/api/v1/predict": {JSON: limits.batch_body, **pictures},
            "/api/v1/read": pictures,
            "/api/v1/runs": {"application/zip": limits.run_body},
        }

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = header(scope, "content-length")
        if scope["method"] not in CHANGING:
            if header(scope, "transfer-encoding") is not None or length not in (None, "0"):
                raise HTTPException(400, f"A {scope['method']} request has no body.")
            await self.app(scope, receive, send)
            return
        who, body, more = visitor(scope), bytearray(), True
        try:
            cap = self._cap(scope)
            too_large = HTTPException(413, f"The body is larger than {cap >> 20} MiB; send a smaller one.")
            if length and length.isdecimal() and int(length) > cap:
                raise too_large
            async with asyncio.timeout(self.seconds):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    chunk = message.get("body", b"")
                    if len(body) + len(chunk) > cap:
                        raise too_large
                    self.memory.take(who, len(chunk))
                    body += chunk
                    more = message.get("more_body", False)
            await self.app(scope, _replay(bytes(body), receive), send)
        except TimeoutError:
            raise HTTPException(408, f"The body took longer than {self.seconds:g} s; send it faster.") from None
        finally:
            self.memory.give_back(who, len(body))

    def _cap(self, scope: Scope) -> int:
        """Bytes that a body of this type may have here."""
        kind = (header(scope, "content-type") or "").split(";")[0].strip().lower()
        caps = self.caps.get(scope["path"], self.json)
        if kind not in caps and scope["method"] != "DELETE":
            raise HTTPException(415, f"Content-Type '{kind[:60]}' is not understood here; send {', '.join(caps)}.")
        return caps.get(kind, self.json[JSON])


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed
