"""What assistive technology finds on the page, by axe-core, when it is at hand."""

from __future__ import annotations

import re
from typing import Any

import pytest

from needed import needed
from page_browser import AXE, SEVEN, visiting

pytestmark = pytest.mark.browser

# What is dark has other colours and nothing else: the rules about them that axe applies unasked.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
PAPER = """(() => ({
    ink: getComputedStyle(document.body).color,
    empty: [...document.querySelectorAll("[data-panel]")]
        .filter(root => !root.hasChildNodes())
        .map(root => root.dataset.panel),
}))()"""


@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(browser: Any, site: str, width: int) -> None:
    needed(
        AXE.is_file(),
        "NO AXE-CORE (npm install axe-core): what keeps people out is NOT found.",
    )
    with visiting(browser, site, viewport={"width": width, "height": 900}, bypass_csp=True) as visit:
        page = visit.open()
        if width == 360:
            visit.unfold()
        visit.draw(SEVEN)
        for name in page.eval_on_selector_all("[data-panel]", "roots => roots.map(root => root.dataset.panel)"):
            visit.show(name)
        page.add_script_tag(path=str(AXE))
        for scheme, rules in {"light": {}, "dark": COLOURS}.items():
            page.emulate_media(color_scheme=scheme)
            result = page.evaluate("rules => axe.run(document, {resultTypes: ['violations'], ...rules})", rules)
            problems = [
                f"{scheme}: {violation['id']}: {node['html'][:200]} · {node['failureSummary'][:300]}"
                for violation in result["violations"]
                for node in violation["nodes"]
            ]
            assert problems == []


def test_paper_gets_dark_ink_and_every_figure_and_the_screen_its_colours_back(browser: Any, site: str) -> None:
    with visiting(browser, site, viewport={"width": 1280, "height": 900}, color_scheme="dark") as visit:
        page = visit.open()
        visit.draw(SEVEN)
        # What nobody has scrolled to is made when there is time, one after another; some wait to come into sight.
        page.locator("[data-panel='use/privacy'] > *").first.wait_for(state="attached", timeout=120_000)
        before = page.evaluate(PAPER)
        page.evaluate(f"addEventListener('beforeprint', () => {{ window.onPaper = {PAPER}; }})")
        page.pdf()
        page.wait_for_function(f"({{ ink }}) => ({PAPER}).ink === ink", arg=before)
        on_paper, after = page.evaluate(f"[window.onPaper, {PAPER}]")
        assert on_paper["empty"] == []
        assert max(ink(on_paper)) < 100 < min(ink(before))
        assert ink(after) == ink(before)


def ink(state: dict[str, Any]) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", state["ink"])]
