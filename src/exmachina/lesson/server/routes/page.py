"""The page's files: its own, from a list and from nowhere else, and its data."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from pathlib import PurePosixPath

from fastapi import APIRouter, HTTPException, Request, Response

from exmachina.lesson.server.services import Services, who
from exmachina.lesson.site import TYPES

READ = lru_cache(512)(lambda file, _changed: file.read_bytes())  # of the same object the tag is known at once
PAGES = {"": "index.html", "class": "class/index.html"}


def router(services: Services) -> APIRouter:
    """Everything outside /api/v1; the route takes whatever no other has taken."""
    routes = APIRouter(include_in_schema=False)

    @routes.api_route("/{path:path}", methods=["GET", "HEAD"])
    async def file(path: str, request: Request) -> Response:
        if path.startswith("api/"):
            raise HTTPException(404, "There is no such address in the API; /api/v1/openapi.json lists them all.")
        path = PAGES.get(path, path)
        if path in services.page:
            content = READ(services.page[path], services.page[path].stat().st_mtime_ns)
        elif services.site.holds(path):
            # What takes seconds to make holds up nobody who asks for what is there.
            made, pool = services.site.made(path), services.files
            content = services.site.get(path) if made else await pool.run(lambda: services.site.get(path), who(request))
        else:
            raise HTTPException(404, "The lesson has no such file.")
        headers = {"ETag": _tag(content), "Cache-Control": "no-cache"}
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        kind = TYPES.get(PurePosixPath(path).suffix, "application/octet-stream")
        return Response(content, media_type=kind, headers=headers)

    return routes


@lru_cache(512)
def _tag(content: bytes) -> str:
    return f'"{blake2b(content, digest_size=16).hexdigest()}"'
