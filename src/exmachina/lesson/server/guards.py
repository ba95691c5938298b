"""Who may speak to the server: ASGI middlewares that stand before every route.

A page on the web can make its reader's browser send requests to this computer. Three checks keep it out: the
Host header must name this server (a rebound domain name does not), the Origin must be this server's own, and a
request that changes something must carry a content type that no plain form can send.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import secrets
import socket
from collections.abc import Iterable
from hashlib import blake2b
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exmachina.lesson.server.settings import is_loopback

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
    "img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",  # with the line above: the page's threads may share memory
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",  # unless the route knows better
}
LEARNER_COOKIE, TOKEN_COOKIE, TEACHER_COOKIE = "exmachina_learner", "exmachina_token", "exmachina_teacher"
PAGES = ("/", "/class")  # the lesson, and the class's page, which is the teacher's
YEAR = 365 * 24 * 3600
LEARNER = re.compile(r"[A-Za-z0-9_-]{22}")
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
WRONG_TOKEN_SECONDS = 0.5
ENTER = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hello Ex Machina</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">{head}
<body><main><h1>Hello Ex Machina</h1>{body}</main>"""
ASK = """<p>{line}</p>
<form action="{path}" method="get"><label>Code <input name="token" autocomplete="off" autofocus></label>
<button>Enter</button></form>"""
LINES = {
    "/": "This lesson belongs to a class. Type the code that your teacher shows.",
    "/class": "This page is the teacher's. Type the teacher's code, which the server's window shows.",
}


async def refuse(send: Send, status: int, line: str, headers: dict[str, str] | None = None) -> None:
    """Answer with one line of JSON; a refused request does not keep its connection."""
    body = json.dumps({"error": line}, ensure_ascii=False).encode()
    await _answer(send, status, "application/json", body, {"Connection": "close", **(headers or {})})


async def _answer(send: Send, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
    fields = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store", **headers}
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def header(scope: Scope, name: str) -> str | None:
    """The value of a request header sent exactly once; sent twice, it is as good as forged and reads ''."""
    found = [value for key, value in scope["headers"] if key == name.encode()]
    if len(found) > 1:
        return ""
    return found[0].decode("latin-1").strip() if found else None


def cookie(scope: Scope, name: str) -> str | None:
    """The value of a cookie, if the browser sent it."""
    try:
        jar = SimpleCookie(header(scope, "cookie") or "")
    except CookieError:
        return None
    return jar[name].value if name in jar else None


def own_names() -> set[str]:
    """The names under which other computers may know this one."""
    name = socket.gethostname().lower()
    short = name.split(".")[0]
    return {name, short, f"{short}.local", f"{short}.lan", "localhost"}


class SecurityHeaders:
    """Adds the headers of `HEADERS` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {key.lower() for key, _ in message.get("headers", [])}
                extra = [
                    (name.lower().encode(), value.encode())
                    for name, value in HEADERS.items()
                    if name.lower().encode() not in present
                ]
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        await self.app(scope, receive, send_with_headers)


class HostGuard:
    """Answers only to its own names, so that a domain rebound to this address reaches nothing."""

    def __init__(self, app: ASGIApp, host: str, allowed: Iterable[str] = ()) -> None:
        self.app = app
        self.loopback = is_loopback(host)
        self.names = {"localhost", host.lower(), *(name.lower() for name in allowed)}
        if not self.loopback:
            self.names |= own_names()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http" and not self.accepts(header(scope, "host")):
            await refuse(send, 403, "This address is not one of this server's names; open the address it printed.")
            return
        await self.app(scope, receive, send)

    def accepts(self, value: str | None) -> bool:
        """Whether a Host header names this server, on any port."""
        match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?", value or "")
        if match is None:
            return False
        name = match[1].strip("[]").lower().rstrip(".")
        try:
            address = ip_address(name)
        except ValueError:
            return name in self.names
        # A number cannot be rebound to another address; only names can.
        return address.is_loopback or not self.loopback or name in self.names


class OriginGuard:
    """Refuses what another site's page made the browser send."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self.accepts(scope):
            await refuse(send, 403, "The request comes from another site; open the lesson's own page.")
            return
        await self.app(scope, receive, send)

    def accepts(self, scope: Scope) -> bool:
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


class TokenGuard:
    """Lets in whoever shows the class's code or the teacher's: in the address once, then in a cookie, or as a bearer.

    `scope["state"]["teacher"]` says whether it was the teacher's. Only this computer's own user, `alone`, needs none.
    """

    def __init__(self, app: ASGIApp, token: str | None, teacher: str | None = None, alone: bool = False) -> None:
        self.app = app
        self.token, self.teacher, self.alone = token, teacher, alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        bearer = (header(scope, "authorization") or "").removeprefix("Bearer ")
        teacher = self.alone or _same(self.teacher, bearer) or _same(self.teacher, cookie(scope, TEACHER_COOKIE))
        learner = self.token is None or _same(self.token, bearer) or _same(self.token, cookie(scope, TOKEN_COOKIE))
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0].strip()
        if path in PAGES and given and not teacher:
            if _same(self.teacher, given):
                await _welcome(send, path, f"{TEACHER_COOKIE}={self.teacher}")
                return
            if _same(self.token, given) and path == "/":
                await _welcome(send, path, f"{TOKEN_COOKIE}={self.token}")
                return
        if teacher or (learner and path != "/class"):
            scope.setdefault("state", {})["teacher"] = teacher
            await self.app(scope, receive, send)
            return
        if given or bearer:
            await asyncio.sleep(WRONG_TOKEN_SECONDS)  # guessing costs time
        if path.startswith("/api/"):
            await refuse(send, 401, "This lesson needs its token; open the address that the server printed.")
            return
        where = path if path in PAGES else "/"
        page = ENTER.format(head="", body=ASK.format(line=LINES[where], path=where))
        await _answer(send, 401, "text/html; charset=utf-8", page.encode(), {"Connection": "close"})


async def _welcome(send: Send, path: str, secret: str) -> None:
    """Set a cookie with a page that moves on; after a redirect from another site the browser would hold it back."""
    page = ENTER.format(head=f'<meta http-equiv="refresh" content="0; url={path}">', body="<p>Welcome.</p>")
    kept = f"{secret}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Strict"
    await _answer(send, 200, "text/html; charset=utf-8", page.encode(), {"Set-Cookie": kept})


def _same(secret: str | None, given: str | None) -> bool:
    return bool(secret and given) and hmac.compare_digest(str(given).encode(), str(secret).encode())


class LearnerCookie:
    """Knows a learner again by a random cookie, never by a name; `scope["state"]["learner"]` is its digest.

    The digest stands in files and tables, so that reading those does not let anybody pose as the learner.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        known = cookie(scope, LEARNER_COOKIE)
        identity = known if known and LEARNER.fullmatch(known) else secrets.token_urlsafe(16)
        digest = blake2b(identity.encode(), digest_size=12, person=b"exmachina").hexdigest()
        scope.setdefault("state", {})["learner"] = digest
        # A visit that starts on another site brings no strict cookie; a new one would overwrite the old.
        elsewhere = header(scope, "sec-fetch-site") in ("cross-site", "same-site")
        wanted = scope["path"] == "/" or scope["path"].startswith("/api/v1/")
        if identity == known or elsewhere or not wanted or scope["path"].endswith("/health"):
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                value = f"{LEARNER_COOKIE}={identity}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Strict"
                message["headers"] = [*message.get("headers", []), (b"set-cookie", value.encode())]
            await send(message)

        await self.app(scope, receive, send_with_cookie)
