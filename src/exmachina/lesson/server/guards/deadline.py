"""How long an answer may take, and how much of it may wait in memory for somebody who does not read it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exmachina.lesson.server.guards.guard import Guard
from exmachina.lesson.server.settings import Limits

PORTION = 64 << 10  # bytes of an answer that are handed over at once
log = logging.getLogger("exmachina.lesson.server")


class Deadline(Guard):
    """Ends a request whose answer does not begin, or does not go on, in time; hides what went wrong inside."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        super().__init__(app)
        self.limits = limits

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, loop = False, asyncio.get_running_loop()
        end = loop.time() + self.limits.answer_seconds

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            for part in portions(message):
                await send(part)
                deadline.reschedule(min(end, loop.time() + self.limits.response_seconds))

        try:
            async with asyncio.timeout(self.limits.response_seconds) as deadline:
                await self.app(scope, receive, watched)
        except TimeoutError:
            if not started:
                raise HTTPException(503, "The answer took too long; try again.", {"Retry-After": "5"}) from None
        except Exception:
            log.exception("A request failed.")
            if not started:
                raise HTTPException(500, "Something went wrong inside the server; its window says what.") from None


def portions(message: Message) -> Iterator[Message]:
    """An answer's body in parts: the next one is handed over when the last is on its way, so that no more is held."""
    body: bytes = message.get("body", b"")
    if message["type"] != "http.response.body" or len(body) <= PORTION:
        yield message
        return
    for start in range(0, len(body), PORTION):
        more = start + PORTION < len(body) or message.get("more_body", False)
        yield {"type": "http.response.body", "body": body[start : start + PORTION], "more_body": more}
