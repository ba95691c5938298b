"""What the guards read from a request's head, and how they refuse."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import IPv6Address, ip_address

from starlette.types import Scope, Send


@dataclass(frozen=True)
class Visitor:
    """Who asks: the address that a request came from, and the learner that its cookie names."""

    address: str
    learner: str


def visitor(scope: Scope) -> Visitor:
    """Who sent a request; `LearnerCookie` has to have seen it."""
    return Visitor(address_of(scope), scope.get("state", {}).get("learner", ""))


def address_of(scope: Scope) -> str:
    """The address of a request's sender; of an IPv6 address the network, within which one computer has them all."""
    host = (scope.get("client") or ("", 0))[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return str(host)
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(IPv6Address(int(address) >> 64 << 64))
    return str(address)


async def refuse(send: Send, status: int, line: str, headers: dict[str, str] | None = None) -> None:
    """Answer with one line of JSON; a refused request does not keep its connection."""
    body = json.dumps({"error": line}, ensure_ascii=False).encode(errors="replace")
    await answer(send, status, "application/json", body, {"Connection": "close", **(headers or {})})


async def answer(send: Send, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
    """A whole answer, not to be kept by any cache."""
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
