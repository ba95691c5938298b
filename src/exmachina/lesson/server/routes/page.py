"""The lesson's page and the API's own documentation, neither of which asks anybody else for anything."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from exmachina.lesson.server.errors import answer
from exmachina.lesson.server.services import Services, who

PAGES = {"class": "class/index.html"}
MISSING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hello Ex Machina</title>
<h1>Hello Ex Machina</h1><p>The lesson's page is not installed; the <a href="/api/docs">API</a> is.</p>"""
DOCS = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Hello Ex Machina: API</title><link rel="stylesheet" href="/api/docs.css">
<main><h1>Hello Ex Machina: API</h1>
<p>Version {version}. The machine-readable description is <a href="/api/v1/openapi.json">openapi.json</a>.
Errors are <code>{{"error": "one line"}}</code>; 429 and 503 say in Retry-After when to come
back. From the command line:</p>
<pre>curl --data-binary @seven.png -H 'Content-Type: image/png' {address}api/v1/predict?run=fast</pre>
{routes}</main>"""
CSS = """body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 48rem; padding: 1rem; }
:root { color-scheme: light dark; }
h2 { font-size: 1.1rem; margin: 2rem 0 0; }
pre { overflow-x: auto; padding: .5rem; border: 1px solid; }
dt { font-family: ui-monospace, monospace; }
"""


def docs(description: dict[str, Any], address: str) -> str:
    """A page that lists every route with its parameters and body."""
    parts = []
    for path, methods in description["paths"].items():
        for method, route in methods.items():
            parts.append(
                f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(route.get('summary', ''))}.</p>"
            )
            rows = [
                f"<dt>{escape(item['name'])}</dt><dd>{escape(item['in'])}; {escape(_schema(item['schema']))}</dd>"
                for item in route.get("parameters", [])
            ]
            for kind, body in route.get("requestBody", {}).get("content", {}).items():
                text = _schema(_resolved(body["schema"], description))
                rows.append(f"<dt>body</dt><dd>{escape(kind)}: {escape(text)}</dd>")
            parts.append(f"<dl>{''.join(rows)}</dl>" if rows else "")
    return DOCS.format(version=escape(description["info"]["version"]), address=escape(address), routes="".join(parts))


def _resolved(schema: dict[str, Any], description: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    return description["components"]["schemas"].get(name, schema) if name else schema


def _schema(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "properties" in schema:
        return ", ".join(f"{name} ({_schema(item)})" for name, item in schema["properties"].items()) or "{}"
    kinds = [str(item.get("type", "object")) for item in schema.get("anyOf", [schema])]
    words = [" or ".join(kinds)]
    if "enum" in schema:
        words.append("one of " + ", ".join(map(str, schema["enum"])))
    for key, word in (("minimum", "from"), ("maximum", "to"), ("default", "by default")):
        if schema.get(key) is not None:
            words.append(f"{word} {schema[key]}")
    return " ".join(words)


def router(services: Services, app: FastAPI) -> APIRouter:
    """Everything outside /api/v1; the last route takes whatever no other has taken."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/api/docs")
    async def api_docs(request: Request) -> HTMLResponse:
        return HTMLResponse(docs(app.openapi(), str(request.base_url)))

    @routes.get("/api/docs.css")
    async def api_css() -> Response:
        return Response(CSS, media_type="text/css")

    @routes.api_route("/{path:path}", methods=["GET", "HEAD"])
    async def asset(path: str, request: Request) -> Response:
        if path.startswith("api/"):
            return answer(404, "There is no such address in the API; /api/docs lists them all.")
        found = await run_in_threadpool(services.assets.get, PAGES.get(path, path))
        if found is None and services.site.holds(path):
            # What takes seconds to make holds up nobody who asks for what is there.
            found = (
                services.data(path)
                if services.site.made(path)
                else await services.files.run(lambda: services.data(path), who(request))
            )
        if found is None and not path:
            return HTMLResponse(MISSING)
        if found is None:
            return answer(404, "The lesson has no such file.")
        headers = {"ETag": found.etag, "Cache-Control": "no-cache"}
        if found.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(found.content, media_type=found.type, headers=headers)

    return routes
