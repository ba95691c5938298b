"""Every failure as one line of JSON that names the value and the fix, and no path of this computer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from exmachina.errors import InputError
from exmachina.lesson.server.collection import NoRoomError, QuotaError, UnavailableError
from exmachina.lesson.server.library import NotFoundError

PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:\\|~?/)[^\s'\"]+|'(?:[A-Za-z]:\\|~?/)[^']*'")
MAX_LINE = 300
STATUS: dict[type[InputError], int] = {NotFoundError: 404, QuotaError: 429, UnavailableError: 503, NoRoomError: 507}


def without_paths(line: str) -> str:
    """The line with every absolute path left out."""
    return PATH.sub("…", line)[:MAX_LINE]


def first_error(errors: Sequence[Any]) -> str:
    """What a validation found wrong first, in words."""
    error = errors[0]
    place = ".".join(str(part) for part in error["loc"] if part not in ("body", "query", "path"))
    return f"{place}: {error['msg']}." if place else f"{error['msg']}."


def answer(status: int, line: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error response."""
    # What came with a request may hold half of a character, which no answer can.
    line = without_paths(line).encode(errors="replace").decode()
    return JSONResponse({"error": line}, status, headers)


def install(app: FastAPI) -> None:
    """Register the handlers."""

    async def bad_input(_: Request, error: Exception) -> JSONResponse:
        status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)
        return answer(status, str(error), {"Retry-After": "2"} if status == 503 else None)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return answer(400, first_error(error.errors()))

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return answer(error.status_code, str(error.detail), dict(error.headers or {}))

    app.add_exception_handler(InputError, bad_input)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
