"""The lesson's server as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware

import exmachina
from exmachina.lesson.server.errors import HANDLERS
from exmachina.lesson.server.guards.bodies import BodyGuard
from exmachina.lesson.server.guards.codes import LearnerCookie, TokenGuard
from exmachina.lesson.server.guards.deadline import Deadline
from exmachina.lesson.server.guards.doors import Doors, SecurityHeaders
from exmachina.lesson.server.guards.turns import Busy
from exmachina.lesson.server.guards.visitors import VisitorBook
from exmachina.lesson.server.routes import keep, page, read, teach
from exmachina.lesson.server.services import Services
from exmachina.lesson.server.settings import Settings
from exmachina.lesson.server.wire import describe, refusals


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; its services are `app.state.services`.

    The order of the guards matters: who is asking comes first, then how much, and only then what.
    """
    settings = settings or Settings()
    services = Services(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        services.close()

    app = FastAPI(
        title="Hello Ex Machina",
        description="Read digits with small convolutional networks, and collect drawings.",
        version=exmachina.__version__,
        servers=[{"url": "/"}],
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # FastAPI's own page loads its scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        responses=refusals(400, 401, 403, 429, 503),
        exception_handlers=HANDLERS,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(Doors, host=settings.host, allowed=settings.allowed_hosts),
            Middleware(TokenGuard, token=settings.token, teacher=settings.teacher, alone=settings.alone),
            Middleware(LearnerCookie),
            Middleware(VisitorBook, visitors=services.visitors),
            Middleware(BodyGuard, limits=settings.limits),
            Middleware(Busy, limits=settings.limits),
            Middleware(Deadline, limits=settings.limits),
        ],
    )
    app.state.services = services
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    for module in (read, keep, teach):
        app.include_router(module.router(services), prefix="/api/v1")
    app.include_router(page.router(services))
    return app
