"""The doors: which names the server answers to, whose pages may ask, and the headers of every answer."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exmachina.lesson.server.guards.guard import PAGES, Guard, header
from exmachina.lesson.server.settings import is_loopback

POLICY = b"""default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; object-src 'none';\
 base-uri 'none'; form-action 'self'; frame-ancestors 'none'"""
HEADERS = [
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),  # with the line above: the page's threads may share memory
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),  # unless the route knows better
]


class SecurityHeaders(Guard):
    """Adds the headers of `HEADERS` to every answer."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in HEADERS if one[0] not in present)]
            await send(message)

        await self.app(scope, receive, with_headers)


class Doors(Guard):
    """Answers to the server's own names alone, and to nothing that another site's page makes the browser send.

    So a domain rebound to this address reaches nothing.
    """

    def __init__(self, app: ASGIApp, host: str, allowed: Iterable[str] = ()) -> None:
        super().__init__(app)
        self.loopback = is_loopback(host)
        self.names = {"localhost", host.lower(), *(name.lower() for name in allowed)}
        if not self.loopback:  # the names under which other computers may know this one
            name = socket.gethostname().lower()
            short = name.split(".")[0]
            self.names |= {name, short, f"{short}.local", f"{short}.lan"}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.is_named(header(scope, "host")):
            raise HTTPException(403, "This address is not one of this server's names; open the address it printed.")
        if not self.is_own(scope):
            raise HTTPException(403, "The request comes from another site; open the lesson's own page.")
        await self.app(scope, receive, send)

    def is_named(self, host: str | None) -> bool:
        """Whether a Host header names this server, on any port."""
        match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?", host or "")
        if match is None:
            return False
        name = match[1].strip("[]").lower().rstrip(".")
        try:
            address = ip_address(name)
        except ValueError:
            return name in self.names
        # A number cannot be rebound to another address; only names can.
        return address.is_loopback or not self.loopback or name in self.names

    def is_own(self, scope: Scope) -> bool:
        """Whether the browser says that the lesson's own page, or the reader, asked."""
        origin = header(scope, "origin")
        if origin is not None:
            parts = urlsplit(origin) if "://" in origin else None
            if parts is None or parts.scheme not in ("http", "https") or parts.netloc != header(scope, "host"):
                return False
        site = header(scope, "sec-fetch-site")
        if site in (None, "same-origin", "none"):
            return True
        # Following a link to the page is fine; using the API from elsewhere is not.
        return scope["method"] == "GET" and scope["path"] in PAGES and header(scope, "sec-fetch-mode") == "navigate"
