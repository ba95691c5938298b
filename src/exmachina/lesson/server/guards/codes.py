"""Who comes in: the class's code and the teacher's, and how a learner is known again."""

from __future__ import annotations

import hmac
import re
import secrets
from hashlib import blake2b
from urllib.parse import parse_qs

from fastapi import HTTPException
from fastapi.responses import HTMLResponse
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exmachina.lesson.notices import LEARNERS_CODE, TEACHERS_CODE, WELCOME, WRONG_CODES, page
from exmachina.lesson.server.guards.guard import PAGES, Guard, PageRefusal, header, visitor
from exmachina.lesson.server.guards.turns import Pace, retry_after

LEARNER_COOKIE, TOKEN_COOKIE, TEACHER_COOKIE = "exmachina_learner", "exmachina_token", "exmachina_teacher"
KEPT = f"Path=/; Max-Age={365 * 24 * 3600}; HttpOnly; SameSite=Strict"
LEARNER = re.compile(r"[A-Za-z0-9_-]{22}")
GUESSES, GUESSES_PER_SECOND = 20, 0.5  # wrong codes from one address
LINES = {"/": LEARNERS_CODE, "/class": TEACHERS_CODE}


class TokenGuard(Guard):
    """Lets in whoever shows the class's code or the teacher's: in the address once, then in a cookie, or as a bearer.

    `scope["state"]["teacher"]` says whether it was the teacher's. Only this computer's own user, `alone`, needs none.
    The cookie holds no code but a number that this process drew, far too long to guess; so only codes are guesses, and
    they are paced by address, before they are compared.
    """

    def __init__(self, app: ASGIApp, token: str | None, teacher: str | None = None, alone: bool = False) -> None:
        super().__init__(app)
        self.codes = {TEACHER_COOKIE: teacher, TOKEN_COOKIE: token}
        self.passes = {name: secrets.token_urlsafe(32) for name in self.codes}
        self.open = {TEACHER_COOKIE} if alone else set() if token else {TOKEN_COOKIE}
        self.guesses = Pace(GUESSES, GUESSES_PER_SECOND)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        cookies = HTTPConnection(scope).cookies
        roles = {name for name, secret in self.passes.items() if _same(secret, cookies.get(name)) or name in self.open}
        bearer = (header(scope, "authorization") or "").removeprefix("Bearer ").strip()
        code = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0].strip() if path in PAGES else ""
        if (bearer or code) and TEACHER_COOKIE not in roles:
            role = self._guess(scope, bearer or code)
            if role and code and (role == TEACHER_COOKIE or path == "/"):
                # A page that moves on; after a redirect from another site the browser would hold the cookie back.
                moves_on = f'<meta http-equiv="refresh" content="0; url={path}">'
                text = page(WELCOME, header(scope, "accept-language"), head=moves_on)
                kept = {"Set-Cookie": f"{role}={self.passes[role]}; {KEPT}"}
                await HTMLResponse(text, headers=kept)(scope, receive, send)
                return
            roles |= {role} if role and bearer else set()
        teacher = TEACHER_COOKIE in roles
        if not teacher and (not roles or path == "/class"):
            _refuse(path, 401, LINES.get(path, LINES["/"]))
        scope.setdefault("state", {})["teacher"] = teacher
        await self.app(scope, receive, send)

    def _guess(self, scope: Scope, code: str) -> str | None:
        """The cookie that a code opens, if it is one of the two."""
        address = visitor(scope).address
        if (wait := self.guesses.wait(address)) > 0:
            _refuse(scope["path"], 429, WRONG_CODES, retry_after(wait))
        role = next((name for name, known in self.codes.items() if _same(known, code)), None)
        if role is None and any(self.codes.values()):
            self.guesses.spend(address)
        return role


def _refuse(path: str, status: int, line: str, headers: dict[str, str] | None = None) -> None:
    if path.startswith("/api/"):
        detail = "This lesson needs its token; open the address that the server printed." if status == 401 else line
        raise HTTPException(status, detail, headers)
    raise PageRefusal(status, line, headers, asks=path if path in PAGES else "/")


def _same(secret: str | None, guess: str | None) -> bool:
    return bool(secret and guess) and hmac.compare_digest(str(guess).encode(), str(secret).encode())


class LearnerCookie(Guard):
    """Knows a learner again by a random cookie, never by a name; `scope["state"]["learner"]` is its digest.

    The digest stands in files and tables, so that reading those does not let anybody pose as the learner. `state`
    also says whether they came with that cookie; a file that is fetched before there is one makes nobody known.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        shown = HTTPConnection(scope).cookies.get(LEARNER_COOKIE, "")
        known = LEARNER.fullmatch(shown) is not None
        identity = shown if known else secrets.token_urlsafe(16)
        digest = blake2b(identity.encode(), digest_size=12, person=b"exmachina").hexdigest()
        scope.setdefault("state", {}).update(learner=digest, known=known)
        # A visit that starts on another site brings no strict cookie; a new one would overwrite the old.
        elsewhere = header(scope, "sec-fetch-site") in ("cross-site", "same-site")
        wanted = scope["path"] == "/" or scope["path"].startswith("/api/v1/")

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("Set-Cookie", f"{LEARNER_COOKIE}={identity}; {KEPT}")
            await send(message)

        silent = known or elsewhere or not wanted or scope["path"].endswith("/health")
        await self.app(scope, receive, send if silent else with_cookie)
