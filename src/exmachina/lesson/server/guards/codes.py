"""Who comes in: the class's code and the teacher's, and how a learner is known again."""

from __future__ import annotations

import hmac
import re
import secrets
from hashlib import blake2b
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exmachina.lesson.server.guards.answers import address_of, answer, cookie, header, refuse
from exmachina.lesson.server.guards.doors import PAGES
from exmachina.lesson.server.guards.turns import Pace, retry_after

LEARNER_COOKIE, TOKEN_COOKIE, TEACHER_COOKIE = "exmachina_learner", "exmachina_token", "exmachina_teacher"
YEAR = 365 * 24 * 3600
LEARNER = re.compile(r"[A-Za-z0-9_-]{22}")
GUESSES, GUESSES_PER_SECOND = 20, 0.5  # wrong codes from one address
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


class TokenGuard:
    """Lets in whoever shows the class's code or the teacher's: in the address once, then in a cookie, or as a bearer.

    `scope["state"]["teacher"]` says whether it was the teacher's. Only this computer's own user, `alone`, needs none.
    The cookie holds no code but a number that this process drew, far too long to guess; so only codes are guesses, and
    they are paced by address, before they are compared.
    """

    def __init__(self, app: ASGIApp, token: str | None, teacher: str | None = None, alone: bool = False) -> None:
        self.app = app
        self.token, self.teacher, self.alone = token, teacher, alone
        self.passes = {name: secrets.token_urlsafe(32) for name in (TOKEN_COOKIE, TEACHER_COOKIE)}
        self.guesses = Pace(GUESSES, GUESSES_PER_SECOND)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        teacher = self.alone or self._knows(scope, TEACHER_COOKIE)
        learner = self.token is None or self._knows(scope, TOKEN_COOKIE)
        bearer = (header(scope, "authorization") or "").removeprefix("Bearer ").strip()
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0].strip() if path in PAGES else ""
        if (bearer or given) and not teacher:
            address = address_of(scope)
            if (wait := self.guesses.wait(address)) > 0:
                await self._refuse(send, path, 429, "Too many wrong codes came from your address; wait.", wait)
                return
            role = self._role(bearer or given)
            if role is None and (self.token or self.teacher):
                self.guesses.spend(address)
            if role is not None and given and (role == TEACHER_COOKIE or path == "/"):
                await _welcome(send, path, f"{role}={self.passes[role]}")
                return
            teacher = role == TEACHER_COOKIE and bool(bearer)
            learner = learner or (role == TOKEN_COOKIE and bool(bearer))
        if teacher or (learner and path != "/class"):
            scope.setdefault("state", {})["teacher"] = teacher
            await self.app(scope, receive, send)
            return
        await self._refuse(send, path, 401, LINES.get(path, LINES["/"]))

    def _knows(self, scope: Scope, name: str) -> bool:
        return _same(self.passes[name], cookie(scope, name))

    def _role(self, code: str) -> str | None:
        """The cookie that a code opens, if it is one of the two."""
        return TEACHER_COOKIE if _same(self.teacher, code) else TOKEN_COOKIE if _same(self.token, code) else None

    async def _refuse(self, send: Send, path: str, status: int, line: str, wait: float = 0.0) -> None:
        headers = retry_after(wait) if wait else {}
        if path.startswith("/api/"):
            line = line if wait else "This lesson needs its token; open the address that the server printed."
            await refuse(send, status, line, headers)
            return
        page = ENTER.format(head="", body=ASK.format(line=line, path=path if path in PAGES else "/"))
        await answer(send, status, "text/html; charset=utf-8", page.encode(), {"Connection": "close", **headers})


async def _welcome(send: Send, path: str, secret: str) -> None:
    """Set a cookie with a page that moves on; after a redirect from another site the browser would hold it back."""
    page = ENTER.format(head=f'<meta http-equiv="refresh" content="0; url={path}">', body="<p>Welcome.</p>")
    kept = f"{secret}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Strict"
    await answer(send, 200, "text/html; charset=utf-8", page.encode(), {"Set-Cookie": kept})


def _same(secret: str | None, given: str | None) -> bool:
    return bool(secret and given) and hmac.compare_digest(str(given).encode(), str(secret).encode())


class LearnerCookie:
    """Knows a learner again by a random cookie, never by a name; `scope["state"]["learner"]` is its digest.

    The digest stands in files and tables, so that reading those does not let anybody pose as the learner. `state`
    also says whether they came with that cookie; a file that is fetched before there is one makes nobody known.
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
        scope.setdefault("state", {}).update(learner=digest, known=identity == known)
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
