"""What comes later has its room from the beginning."""

from __future__ import annotations

from typing import Any

import pytest

from heights import AROUND, LATER, PANELS, WIDTHS, filled
from page_browser import SEVEN, begin, finish, visiting

pytestmark = pytest.mark.browser

SLACK = 60  # css px that a panel may differ from its room
SHIFTS = """new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries())
        if (!hadRecentInput) window.moved = (window.moved ?? 0) + value;
}).observe({ type: "layout-shift", buffered: true })"""


@pytest.mark.parametrize("width", WIDTHS)
def test_panels_take_the_room_that_was_kept_for_them(browser: Any, site: str, width: int) -> None:
    with visiting(browser, site, viewport={"width": width, "height": 800}) as visit:
        page = visit.open()
        before = page.evaluate(PANELS)
        after = filled(visit)
        page.evaluate("for (const sheet of document.styleSheets) sheet.disabled = sheet.href?.endsWith('heights.css')")
        needed = page.evaluate(PANELS)  # without its room
    out = LATER | (AROUND if width <= 620 else set())
    grown = {name: (before[name], after[name]) for name in after if after[name] > before[name] + SLACK}
    gaps = {name: (needed[name], after[name]) for name in after if after[name] > needed[name] + SLACK}
    again = "run python tests/lesson/web/heights.py"
    assert {name: sizes for name, sizes in grown.items() if name not in out} == {}, again
    assert {name: sizes for name, sizes in gaps.items() if name not in out} == {}, again


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_moves_under_a_reader_who_waits_for_results(browser: Any, site: str, width: int) -> None:
    with visiting(browser, site, viewport={"width": width, "height": 800}) as visit:
        visit.page.add_init_script(SHIFTS)
        page = visit.open()
        visit.draw(SEVEN)
        visit.reads(7)
        finish(begin(visit, Epochs="0.2"))
        operate = visit.show("operate")
        operate.get_by_label("Set to zero").fill("60")
        operate.locator(".difference").wait_for()
        visit.show("surface").get_by_role("button", name="Compute this slice").click()
        page.wait_for_timeout(1500)
        visit.show("mistakes").locator("p[role=status]", has_text="edited").wait_for()
        assert page.evaluate("window.moved ?? 0") < 0.1
