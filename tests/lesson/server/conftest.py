"""The lesson that most of these tests visit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from exmachina.lesson.server import Settings
from lesson_server import Lesson, serving


@pytest.fixture(scope="session")
def web_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a few files, with things beside and below it that must stay private."""
    root = tmp_path_factory.mktemp("site")
    web = root / "web"
    (web / "js").mkdir(parents=True)
    (web / "class").mkdir()
    (web / "class" / "index.html").write_text("<!doctype html><title>class</title>", encoding="utf-8")
    (web / "index.html").write_text("<!doctype html><title>page</title>", encoding="utf-8")
    (web / "js" / "main.js").write_text("export const one = 1;\n", encoding="utf-8")
    (web / "style.css").write_text("p { color: red }\n", encoding="utf-8")
    (web / "code.py").write_text("print()\n", encoding="utf-8")
    (web / ".secret.json").write_text("{}", encoding="utf-8")
    (root / "secret.txt").write_text("secret", encoding="utf-8")
    (web / "link.txt").symlink_to(root / "secret.txt")
    (web / "folder").symlink_to(root)
    return web


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, tiny_run_directory: Path, web_folder: Path) -> Settings:
    return Settings(
        data_folder=tmp_path_factory.mktemp("data"),
        web_folder=web_folder,
        runs={"tiny": tiny_run_directory},
    )


@pytest.fixture(scope="session")
def lesson(settings: Settings) -> Iterator[Lesson]:
    with serving(settings) as running:
        yield running


@pytest.fixture
def client(lesson: Lesson) -> httpx.Client:
    return lesson.learner()
