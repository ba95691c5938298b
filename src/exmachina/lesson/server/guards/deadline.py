"""How long an answer may take, and how much of it may wait in memory for somebody who does not read it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exmachina.lesson.server.guards.answers import refuse
from exmachina.lesson.server.settings import Limits

PORTION = 64 << 10  # bytes of an answer that are handed over at once
log = logging.getLogger("exmachina.lesson.server")


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
        end = asyncio.get_running_loop().time() + self.limits.answer_seconds
        loop = asyncio.get_running_loop()

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
                await refuse(send, 503, "The answer took too long; try again.", {"Retry-After": "5"})
        except Exception:
            log.exception("A request failed.")
            if not started:
                await refuse(send, 500, "Something went wrong inside the server; its window says what.")


def portions(message: Message) -> Iterator[Message]:
    """An answer's body in parts: the next one is handed over when the last is on its way, so that no more is held."""
    body: bytes = message.get("body", b"")
    if message["type"] != "http.response.body" or len(body) <= PORTION:
        yield message
        return
    for start in range(0, len(body), PORTION):
        more = start + PORTION < len(body) or message.get("more_body", False)
        yield {"type": "http.response.body", "body": body[start : start + PORTION], "more_body": more}
