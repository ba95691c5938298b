"""The room that each panel is given before it is filled: python tests/lesson/web/heights.py

Measures every panel of the filled page at four widths and writes lesson/web/css/heights.css. To be run after panels have
changed; `test_page_room.py` tells when.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from exmachina.lesson import WEB
from page_browser import Visit, serving_files, visiting

CSS = WEB / "css" / "heights.css"
WIDTHS = {1280: "", 2560: "(min-width: 1800px)", 768: "(max-width: 900px)", 360: "(max-width: 620px)"}
LATER = {"look/averages"}  # empty until its question is answered
AROUND = {"pad", "reading"}  # on a phone the reading lies around the pad, see panels.css
PANELS = """() => Object.fromEntries([...document.querySelectorAll("[data-panel]")]
    .map((root) => [root.dataset.panel, root.getBoundingClientRect().height]))"""


def filled(visit: Visit) -> dict[str, float]:
    """The height of each panel once all are filled with what the page shows first."""
    page = visit.page
    for name in page.evaluate(PANELS):
        if name not in LATER:
            visit.show(name)
    for panel, what in {"mistakes": "button.thumb", "backward": "table.errors", "step": ".chosen .written li"}.items():
        visit.show(panel).locator(what).first.wait_for()
    page.locator("[data-panel='train/step'] .slope circle.ball").wait_for()
    page.locator("[data-panel='train/training'] .estimate:not(:empty)").wait_for()
    heights: dict[str, float] = page.evaluate(PANELS)
    return heights


def rules(heights: dict[str, float], width: int) -> list[str]:
    """A rule a panel; what is measured is rounded down, so that no gap remains."""
    out = LATER | (AROUND if width <= 620 else set())
    return [f'[data-panel="{name}"] {{ min-height: {int(high)}px; }}' for name, high in heights.items() if name not in out]


def main() -> None:
    from playwright.sync_api import sync_playwright

    from chromium import ARGUMENTS, CHROMIUM
    from exmachina.lesson.site import export_site

    CSS.write_text("", encoding="utf-8")  # or the room given would be measured, not what is needed
    lines = ["/* Made by tests/lesson/web/heights.py: what each panel needs, so that nothing moves when it comes. */"]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        export_site(Path(folder) / "site", {"fast": "fast"})
        browser: Any = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with serving_files(Path(folder) / "site") as address:
            for width, media in WIDTHS.items():
                with visiting(browser, address, viewport={"width": width, "height": 800}) as visit:
                    visit.open()
                    found = rules(filled(visit), width)
                lines += [f"@media {media} {{", *(f"  {rule}" for rule in found), "}"] if media else found
        browser.close()
    CSS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
