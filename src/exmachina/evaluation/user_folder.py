"""Where this project may keep a reader's own files: downloaded writer tables and the ledger."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def user_folder() -> Path:
    """The folder for the user's data, not yet made: `EXMACHINA_DATA`, or the platform's own place.

    Linux: `$XDG_DATA_HOME/exmachina` or `~/.local/share/exmachina`; macOS: `~/Library/Application Support/exmachina`;
    Windows: `%LOCALAPPDATA%\\exmachina`.
    """
    chosen = os.environ.get("EXMACHINA_DATA")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "exmachina"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "exmachina"
    xdg = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification has relative paths ignored.
    base = Path(xdg) if Path(xdg).is_absolute() else Path.home() / ".local" / "share"
    return base / "exmachina"
