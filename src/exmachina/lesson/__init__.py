"""The lesson: a page that trains by itself, and a small server for a class."""

from pathlib import Path

WEB = Path(__file__).parent / "web"  # the page's own files
