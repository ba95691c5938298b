"""The lesson's local server: the page and its data, predictions, and the class's drawings."""

from exmachina.lesson.server.app import create_app
from exmachina.lesson.server.launch import serve
from exmachina.lesson.server.settings import Limits, Settings

__all__ = ["Limits", "Settings", "create_app", "serve"]
