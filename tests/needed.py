"""What a test needs beyond Python: where it is missing the test is left out, loudly, and in CI it fails."""

from __future__ import annotations

import os

import pytest


def needed(there: object, loss: str) -> None:
    """Skip unless `there`, saying what is lost; with EXMACHINA_CI nothing may be skipped."""
    if there:
        return
    if os.environ.get("EXMACHINA_CI"):
        pytest.fail(f"{loss} In CI it has to be.")
    pytest.skip(loss)
