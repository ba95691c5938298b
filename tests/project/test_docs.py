"""The docs site: built without a warning, no dead link, nothing asked of another host, nothing left out."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from functools import cache
from html import unescape
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import exmachina
from needed import needed

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
pytestmark = [pytest.mark.slow, pytest.mark.long]

# What a browser fetches by itself, by tag and attribute; what a reader must click on is no request.
FETCHED = {
    *(("img", "src"), ("img", "srcset"), ("script", "src"), ("iframe", "src"), ("source", "src"), ("video", "src")),
    *(("audio", "src"), ("embed", "src"), ("object", "data"), ("use", "href"), ("image", "href"), ("link", "href")),
}


class Page(HTMLParser):
    """What a page links to, fetches and can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = {""}
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif name == "href" and value and tag == "a":
                self.links.append(value)
            elif (tag, name) in FETCHED and value:
                self.fetched.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needed(find_spec("material") is not None, "mkdocs-material is not installed: the docs are NOT built.")
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0 and not built.stderr.strip(), built.stderr
    return folder


@cache
def page(path: Path) -> Page:
    return Page(path)


def pages(site: Path) -> list[Path]:
    """The site's own pages; the lesson beside them has tests of its own."""
    return [path for path in site.rglob("*.html") if "lesson" not in path.relative_to(site).parts[:1]]


def test_there_are_all_kinds_of_pages(site: Path) -> None:
    result = {path.relative_to(site).parts[0] for path in pages(site)}
    assert {"index.html", "tutorial", "how-to", "reference", "engine.html", "project"} <= result
    assert (site / "lesson" / "index.html").is_file()


def test_the_gallery_shows_every_figure_of_the_introduction(site: Path) -> None:
    pictures = {path.stem for path in site.glob("gallery-*.png")}
    assert {"gallery-convolution", "gallery-dropout", "gallery-gradient-descent"} <= pictures
    shown = {Path(address).stem for address in page(site / "gallery.html").fetched}
    assert pictures <= shown


def test_no_page_asks_anything_of_another_host(site: Path) -> None:
    for path in pages(site):
        for address in page(path).fetched:
            assert not urlsplit(address).netloc or address.startswith("data:"), f"{path.name} fetches {address}"
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", page(path).text), path.name
        assert "api.github.com" not in page(path).text and 'data-md-component="source"' not in page(path).text
        assert not re.search(r'class="[^"]*\bmermaid\b', page(path).text), "diagrams would be drawn by a distant script"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet.name


def test_every_link_leads_somewhere(site: Path) -> None:
    count = 0
    for path in pages(site):
        for address in page(path).links + page(path).fetched:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or path.name == "404.html":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            assert target.is_file(), f"{path.relative_to(site)} links to {address}"
            if parts.fragment and target.suffix == ".html" and target.parent != site / "lesson":
                assert unquote(parts.fragment) in page(target).anchors, f"{path.relative_to(site)} links to {address}"
            count += 1
    assert count > 200


def test_every_command_and_option_is_there(site: Path) -> None:
    import typer

    from exmachina.cli.app import app

    text = page(site / "reference" / "options.html").text
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        assert f'id="{name}"' in text
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and option != "--help":
                    assert f"<code>{option}" in text or f", {option}" in text, f"{name} {option}"


def test_every_public_name_is_there(site: Path) -> None:
    anchors = page(site / "reference" / "python.html").anchors
    tables = {"NETWORKS", "RECIPES", "Event", "__version__"}  # said in words
    for name in set(exmachina.__all__) - tables:
        home = f"exmachina.{name}"
        assert home in anchors, name
    for name in tables - {"__version__"}:
        assert f"<code>{name}</code>" in page(site / "reference" / "python.html").text


def test_the_notebook_is_there_and_so_are_the_examples(site: Path) -> None:
    assert "<h1" in page(site / "tutorial" / "notebook.html").text
    shown = "".join(unescape(re.sub(r"<[^>]+>", "", page(path).text)) for path in pages(site))
    for name in ("mnist_in_100_lines", "ten_lines", "folder_to_table", "fine_tune_your_folder", "with_scikit_learn"):
        last = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8").rstrip().splitlines()[-1].strip()
        assert last in shown, name


def test_outputs_of_a_notebook_are_shown() -> None:
    needed(find_spec("mkdocs") is not None, "mkdocs is not installed: notebooks are NOT rendered.")
    notebook_page = runpy.run_path(str(ROOT / "scripts" / "docs_pages.py"))["notebook_page"]
    picture = {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo=", "text/plain": ["A curve"]}}
    cell = {
        "cell_type": "code",
        "source": ["draw()"],
        "outputs": [{"output_type": "stream", "text": ["a\rb\n", "\x1b[1mc\x1b[0m\n"]}, picture],
    }
    made = notebook_page({"cells": [{"cell_type": "markdown", "source": ["# One"]}, cell]})
    assert made["tutorial/notebook-1-1.png"] == b"\x89PNG\r\n\x1a\n"
    expected = "# One\n\n```python\ndraw()\n```\n\n```text\nb\nc\n```\n\n![A curve](notebook-1-1.png)\n"
    assert made["tutorial/notebook.md"] == expected
