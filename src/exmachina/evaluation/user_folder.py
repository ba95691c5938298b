"""Where this project may keep a reader's own files: downloaded writer tables, and how often test sets were opened."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from exmachina.errors import InputError


def user_folder() -> Path:
    """The folder for the user's data, not yet made: `EXMACHINA_DATA`, or the platform's own place."""
    chosen = os.environ.get("EXMACHINA_DATA")
    try:
        return Path(chosen).expanduser() if chosen else user_data_path("exmachina", appauthor=False)
    except RuntimeError:  # nobody of that name has a home here
        raise InputError(f"EXMACHINA_DATA is '{chosen}', which names nobody's folder; give a whole path.") from None
