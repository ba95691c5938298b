"""A browser, a static copy and a lesson for the tests of the page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_browser import ARGUMENTS, CHROMIUM, Visit, serving_files, visiting

from needed import needed

sys.path.append(str(Path(__file__).parents[1] / "server"))  # lesson_server.py, the server's own test helper


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    needed(CHROMIUM, "NO CHROMIUM: the page is NOT tested. Install chromium to test it.")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a static copy with a short training and a small experiment in it."""
    from exmachina.server.static_copy import Recording, Trials, export_site

    folder = tmp_path_factory.mktemp("copy") / "site"
    short = Recording("short", changes={"epochs": 0.05}, snapshots=8)
    trials = Trials("rate", "learning_rate", (0.002, 0.02), seeds=2, changes={"epochs": 0.05})
    export_site(folder, {"fast": "fast"}, [short], [trials], images=150)
    with serving_files(folder) as address:
        yield address


@pytest.fixture(scope="session")
def lesson_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a lesson's server, worker processes and all."""
    from lesson_server import serving

    from exmachina.server import Settings

    with serving(Settings(data_folder=tmp_path_factory.mktemp("learners"), threads=2)) as lesson:
        yield lesson.address + "/"


@pytest.fixture
def copy_visit(browser: Any, site: str) -> Iterator[Visit]:
    with visiting(browser, site) as visit:
        yield visit


@pytest.fixture
def lesson_visit(browser: Any, lesson_address: str) -> Iterator[Visit]:
    with visiting(browser, lesson_address) as visit:
        yield visit
