"""What every guard is, and what it reads from a request's head."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from fastapi import HTTPException
from fastapi.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from exmachina.lesson.notices import page
from exmachina.lesson.server.errors import problem

DRAIN_SECONDS = 1.0
PAGES = ("/", "/class")  # the lesson, and the class's page, which is the teacher's


class PageRefusal(HTTPException):
    """A refusal that a person sees, told in HTML; `asks`: the path at which a code may be shown."""

    def __init__(self, status: int, line: str, headers: dict[str, str] | None = None, asks: str | None = None) -> None:
        super().__init__(status, line, headers)
        self.asks = asks


class Guard:
    """An ASGI middleware for HTTP alone: `handle` passes a request on to `app`, or raises an `HTTPException`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the server starts or ends
            await self.app(scope, receive, send)
            return
        try:
            await self.handle(scope, receive, send)
        except HTTPException as error:
            await _drain(receive)
            # What still comes after that is not read, so the connection cannot be kept.
            headers = {"Connection": "close", **(error.headers or {})}
            if isinstance(error, PageRefusal):
                text = page(error.detail, header(scope, "accept-language"), asks=error.asks)
                await HTMLResponse(text, error.status_code, headers)(scope, receive, send)
            else:
                await problem(error.status_code, error.detail, headers)(scope, receive, send)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        raise NotImplementedError


async def _drain(receive: Receive) -> None:
    """Discard what is still coming for a moment, so that the client reads the refusal and not a reset."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while (await receive()).get("more_body", False):
                pass


@dataclass(frozen=True)
class Visitor:
    """Who asks: the address that a request came from, and the learner that its cookie names."""

    address: str
    learner: str

    @property
    def keys(self) -> tuple[str, str]:
        """Under which is counted what the address and the learner hold: with a slash, no address is a learner."""
        return self.address, f"/{self.learner}"


def visitor(scope: Scope) -> Visitor:
    """Who sent a request; `LearnerCookie` has to have seen it."""
    host = (scope.get("client") or ("", 0))[0]
    return Visitor(address_of(host), scope.get("state", {}).get("learner", ""))


@lru_cache(4096)
def address_of(host: str) -> str:
    """The address of a sender; of an IPv6 address the network, within which one computer has them all."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(IPv6Address(int(address) >> 64 << 64))
    return str(address)


def header(scope: Scope, name: str) -> str | None:
    """The value of a request header sent exactly once; sent twice, it is as good as forged and reads ''."""
    values = [value for key, value in scope["headers"] if key == name.encode()]
    if len(values) > 1:
        return ""
    return values[0].decode("latin-1").strip() if values else None
