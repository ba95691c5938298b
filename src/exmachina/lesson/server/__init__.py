"""The lesson's local server: the page and its data, predictions, and the class's drawings."""

from typing import TYPE_CHECKING, Any

from exmachina.lesson.server.settings import Limits, Settings

if TYPE_CHECKING:
    from exmachina.lesson.server.app import create_app
    from exmachina.lesson.server.launch import serve

__all__ = ["Limits", "Settings", "create_app", "serve"]


def __getattr__(name: str) -> Any:
    # FastAPI takes half a second to import, and writing the page's files needs none of it.
    if name == "create_app":
        from exmachina.lesson.server.app import create_app

        return create_app
    if name == "serve":
        from exmachina.lesson.server.launch import serve

        return serve
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
