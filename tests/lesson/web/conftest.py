"""A browser, a plain host and a lesson for the tests of the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lesson_server import serving
from made_once import made_once
from page_browser import Visit, serving_files, visiting


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the page on a plain web host, under a sub-path. Nobody writes to its files."""
    from exmachina.lesson.site import export_site

    folder = made_once(tmp_path_factory, "host", lambda new: export_site(new / "some" / "where", {"fast": "fast"}))
    with serving_files(folder) as address:
        yield f"{address}some/where/"


@pytest.fixture(scope="session")
def lesson_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a lesson's server."""

    from exmachina.lesson.server import Settings

    with serving(Settings(data_folder=tmp_path_factory.mktemp("learners"))) as lesson:
        yield lesson.address + "/"


@pytest.fixture
def copy_visit(browser: Any, site: str) -> Iterator[Visit]:
    with visiting(browser, site) as visit:
        yield visit


@pytest.fixture
def lesson_visit(browser: Any, lesson_address: str) -> Iterator[Visit]:
    with visiting(browser, lesson_address) as visit:
        yield visit
