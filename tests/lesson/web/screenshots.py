"""Pictures of every chapter, light, dark and on a phone: python tests/lesson/web/screenshots.py FOLDER [ADDRESS]

ADDRESS is a running lesson or another host of the page; without one, the page is exported first.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from page_browser import SEVEN, serving_files, visiting

sys.path.append(str(Path(__file__).parents[2]))  # chromium.py

from chromium import ARGUMENTS, CHROMIUM

CHAPTERS = ("draw", "look", "prepare", "build", "train", "see", "doubt", "use")
LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light"},
    "large": {"viewport": {"width": 2560, "height": 1440}, "color_scheme": "light"},
}


def main(folder: Path, address: str | None) -> None:
    """Write FOLDER/CHAPTER-LOOK.png for every chapter and look."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if address is None:
            from exmachina.lesson.site import export_site

            site = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "site"
            address = stack.enter_context(serving_files(export_site(site, {"fast": "fast"})))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for look, options in LOOKS.items():
            with visiting(browser, address, **options) as visit:
                page = visit.open()
                visit.draw(SEVEN)
                page.locator("#draw").screenshot(path=folder / f"draw-{look}.png")
                for chapter in CHAPTERS[1:]:
                    section = page.locator(f"#{chapter}")
                    for panel in section.locator("[data-panel]").all():
                        visit.show(str(panel.get_attribute("data-panel")))
                        page.wait_for_timeout(400)
                    # The bar stays in place while a tall picture is put together; in a picture it only hides.
                    page.evaluate("document.querySelector('.bar').style.position = 'static'")
                    section.screenshot(path=folder / f"{chapter}-{look}.png")
                    page.evaluate("document.querySelector('.bar').style.position = ''")
        browser.close()


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) == 3 else None)
