"""Every failure as one line of JSON that names the value and the fix, and no path of this computer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from exmachina.errors import InputError
from exmachina.lesson.collection import NoRoomError, QuotaError, UnavailableError

PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:\\|~?/)[^\s'\"]+|'(?:[A-Za-z]:\\|~?/)[^']*'")
MAX_LINE = 300


class NotFoundError(InputError):
    """There is nothing of that name."""


STATUS: dict[type, int] = {NotFoundError: 404, QuotaError: 429, UnavailableError: 503, NoRoomError: 507}


def without_paths(line: str) -> str:
    """The line with every absolute path left out."""
    return PATH.sub("…", line)[:MAX_LINE]


def first_error(errors: Sequence[Any]) -> str:
    """What a validation found wrong first, in words."""
    error = errors[0]
    place = ".".join(str(part) for part in error["loc"] if part not in ("body", "query", "path"))
    return f"{place}: {error['msg']}." if place else f"{error['msg']}."


def problem(status: int, line: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error response."""
    # What came with a request may hold half of a character, which no answer can.
    line = without_paths(line).encode(errors="replace").decode()
    return JSONResponse({"error": line}, status, headers)


async def _bad_input(_: Request, error: Any) -> JSONResponse:
    status = STATUS.get(type(error), 400)
    return problem(status, str(error), {"Retry-After": "2"} if status == 503 else None)


async def _invalid(_: Request, error: Any) -> JSONResponse:
    return problem(400, first_error(error.errors()))


async def _refused(_: Request, error: Any) -> JSONResponse:
    return problem(error.status_code, str(error.detail), error.headers)


HANDLERS: dict[Any, Any] = {InputError: _bad_input, RequestValidationError: _invalid, HTTPException: _refused}
