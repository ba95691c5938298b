"""The module that the notebook loads: made of the page's own, and of nothing from elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from needed import needed

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "src" / "exmachina" / "widget" / "widget.js"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The bundle of the sources as they are."""
    there = shutil.which("node") and (ROOT / "node_modules" / "esbuild").exists()
    needed(there, "NO esbuild: whether widget.js is that of its sources is NOT tested. Run npm ci.")
    path = tmp_path_factory.mktemp("bundle") / "widget.js"
    subprocess.run(["node", ROOT / "scripts" / "bundle.mjs", path], cwd=ROOT, check=True)
    return path.read_text(encoding="utf-8")


def test_bundle_in_the_repository_is_that_of_its_sources(made: str) -> None:
    assert BUNDLE.read_text(encoding="utf-8") == made, "run: npm run bundle"


def test_bundle_is_small_and_asks_nobody() -> None:
    text = BUNDLE.read_text(encoding="utf-8")
    assert len(text) < 80_000
    assert set(re.findall(r"https?://[^\"'`) ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|\bimport\(|@import|url\(", text)
