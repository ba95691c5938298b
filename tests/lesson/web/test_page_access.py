"""What assistive technology finds on the page, and what paper shows of it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from page_browser import SEVEN, barriers, until, visiting

pytestmark = pytest.mark.browser

PAPER = """(() => ({
    ink: getComputedStyle(document.body).color,
    empty: [...document.querySelectorAll("[data-panel]")]
        .filter(root => !root.hasChildNodes())
        .map(root => root.dataset.panel),
}))()"""


@pytest.mark.long
def test_axe_finds_nothing_on_a_wide_screen(browser: Any, site: str) -> None:
    with visiting(browser, site) as visit:
        page = visit.open()
        visit.draw(SEVEN)
        visit.walk()
        assert barriers(page) == []


def test_paper_gets_dark_ink_and_every_figure_and_the_screen_its_colours_back(browser: Any, site: str) -> None:
    with visiting(browser, site, idle=True, viewport={"width": 1280, "height": 900}, color_scheme="dark") as visit:
        page = visit.open()
        visit.draw(SEVEN)
        # What nobody has scrolled to is made when there is time, one after another; some wait to come into sight.
        page.locator("[data-panel='use/privacy'] > *").first.wait_for(state="attached", timeout=120_000)
        before = page.evaluate(PAPER)
        page.evaluate(f"addEventListener('beforeprint', () => {{ window.onPaper = {PAPER}; }})")
        page.pdf()
        until(page, f"({{ ink }}) => ({PAPER}).ink === ink", before)
        on_paper, after = page.evaluate(f"[window.onPaper, {PAPER}]")
        assert on_paper["empty"] == []
        assert max(ink(on_paper)) < 100 < min(ink(before))
        assert ink(after) == ink(before)


def ink(state: dict[str, Any]) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", state["ink"])]
