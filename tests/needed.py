"""What a test needs beyond Python: where it is missing the test is left out, loudly, and in CI it fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def needed(there: object, loss: str) -> None:
    """Skip unless `there`, saying what is lost; with EXMACHINA_CI nothing may be skipped."""
    if there:
        return
    if os.environ.get("EXMACHINA_CI"):
        pytest.fail(f"{loss} In CI it has to be.")
    pytest.skip(loss)


def without_grammar(folder: Path) -> str:
    """The PYTHONPATH of processes that need not compile a grammar of addresses for seconds, as in conftest.py."""
    (folder / "rfc3987_syntax.py").write_text("raise ImportError('not needed here')\n")
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
