"""What comes later has its room from the beginning: lesson/web/css/heights.css.

`python tests/lesson/web/test_page_room.py` measures every panel of the filled page at four widths and writes that
file anew; to be run after panels have changed, as the first test here tells.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from exmachina.lesson import WEB
from page_browser import BEYOND, SEVEN, Visit, begin, finish, serving_files, visiting

pytestmark = pytest.mark.browser

CSS = WEB / "css" / "heights.css"
WIDTHS = {1280: "", 2560: "(min-width: 1800px)", 768: "(max-width: 900px)", 360: "(max-width: 620px)"}
LATER = {"look/averages"}  # empty until its question is answered
AROUND = {"pad", "reading"}  # on a phone the reading lies around the pad, see panels.css
PANELS = """() => Object.fromEntries([...document.querySelectorAll("[data-panel]")]
    .map((root) => [root.dataset.panel, root.getBoundingClientRect().height]))"""


def filled(visit: Visit) -> dict[str, float]:
    """The height of each panel once all are filled with what the page shows first."""
    page = visit.page
    visit.walk()
    for panel, what in {"mistakes": "button.thumb", "backward": "table.errors", "step": ".chosen .written li"}.items():
        visit.show(panel).locator(what).first.wait_for()
    page.locator("[data-panel='train/step'] .slope circle.ball").wait_for()
    page.locator("[data-panel='train/training'] .estimate:not(:empty)").wait_for()
    heights: dict[str, float] = page.evaluate(PANELS)
    return heights


def rules(heights: dict[str, float], width: int) -> list[str]:
    """A rule a panel; what is measured is rounded down, so that no gap remains."""
    free = AROUND if width <= 620 else set()
    return [
        line
        for name, high in heights.items()
        if name not in LATER
        for line in (f'[data-panel="{name}"] {{', f"  min-height: {0 if name in free else f'{int(high)}px'};", "}")
    ]


SLACK = 60  # css px that a panel may differ from its room
SHIFTS = """new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries())
        if (!hadRecentInput) window.moved = (window.moved ?? 0) + value;
}).observe({ type: "layout-shift", buffered: true })"""


@pytest.mark.parametrize("width", [pytest.param(one, marks=() if one == 360 else pytest.mark.long) for one in WIDTHS])
def test_panels_are_filled_in_the_room_that_was_kept_for_them_none_wider_than_the_screen(
    browser: Any, site: str, width: int
) -> None:
    with visiting(browser, site, viewport={"width": width, "height": 800}) as visit:
        page = visit.open()
        if width == 360:
            visit.unfold()
        before = page.evaluate(PANELS)
        after = filled(visit)
        assert page.locator("[data-panel]", has_text="cannot be shown").count() == 0
        assert page.evaluate(BEYOND) == []
        page.evaluate("for (const sheet of document.styleSheets) sheet.disabled = sheet.href?.endsWith('heights.css')")
        needed = page.evaluate(PANELS)  # without its room
    out = LATER | (AROUND if width <= 620 else set())
    grown = {name: (before[name], after[name]) for name in after if after[name] > before[name] + SLACK}
    gaps = {name: (needed[name], after[name]) for name in after if after[name] > needed[name] + SLACK}
    again = "run python tests/lesson/web/test_page_room.py"
    assert {name: sizes for name, sizes in grown.items() if name not in out} == {}, again
    assert gaps == {}, again


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_moves_under_a_reader_who_waits_for_results(browser: Any, site: str, width: int) -> None:
    with visiting(browser, site, idle=True, viewport={"width": width, "height": 800}) as visit:
        visit.page.add_init_script(SHIFTS)
        page = visit.open()
        visit.draw(SEVEN)
        visit.reads(7)
        finish(begin(visit, Epochs="0.1"))
        surface = visit.show("surface")
        surface.get_by_role("button", name="Compute this slice").click()
        surface.locator(".landscape .contour").first.wait_for(state="attached")
        visit.show("embedding").locator(".cloud .mark").first.wait_for(state="attached")
        operate = visit.show("operate")
        operate.get_by_label("Set to zero").fill("60")
        operate.locator(".difference").wait_for()
        visit.show("mistakes").locator("p[role=status]", has_text="edited").wait_for()
        assert page.evaluate("window.moved ?? 0") < 0.1


def main() -> None:
    from playwright.sync_api import sync_playwright

    sys.path.append(str(Path(__file__).parents[2]))  # chromium.py
    from chromium import ARGUMENTS, CHROMIUM
    from exmachina.lesson.site import export_site

    CSS.write_text("", encoding="utf-8")  # or the room given would be measured, not what is needed
    lines = [
        "/* Made by tests/lesson/web/test_page_room.py: what each panel needs, so that nothing moves when it comes. */"
    ]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        export_site(Path(folder) / "site", {"fast": "fast"})
        browser: Any = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with serving_files(Path(folder) / "site") as address:
            for width, media in WIDTHS.items():
                with visiting(browser, address, viewport={"width": width, "height": 800}) as visit:
                    visit.open()
                    if width <= 620:
                        visit.unfold()
                    result = rules(filled(visit), width)
                lines += [f"@media {media} {{", *(f"  {rule}" for rule in result), "}"] if media else result
        browser.close()
    CSS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
