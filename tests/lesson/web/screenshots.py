"""Pictures of every chapter, light, dark and on a phone: python tests/lesson/web/screenshots.py FOLDER [ADDRESS]

FOLDER/preview.png is the picture that other sites show beside a link to the page, `lesson/web/preview.png`.
ADDRESS is a running lesson or another host of the page; without one, the page is exported first.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from page_browser import SEVEN, serving_files, visiting

sys.path.append(str(Path(__file__).parents[2]))  # chromium.py

from chromium import ARGUMENTS, CHROMIUM

CHAPTERS = ("draw", "look", "prepare", "build", "train", "see", "doubt", "use")
LOOKS: dict[str, dict[str, Any]] = {
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
        preview(browser, address, folder / "preview.png")
        browser.close()


def preview(browser: Any, address: str, file: Path) -> None:
    """The first screen, a seven drawn, in the size that links are shown with; few colours, so that it weighs little."""
    from PIL import Image

    with visiting(browser, address, viewport={"width": 1200, "height": 630}) as visit:
        page = visit.open()
        page.evaluate("document.querySelector('.bar').hidden = true")
        visit.draw(SEVEN)
        visit.reads(7)
        page.evaluate("scrollTo(0, 0); document.activeElement.blur()")
        page.screenshot(path=file, clip={"x": 0, "y": 0, "width": 1200, "height": 630})
    Image.open(file).convert("RGB").quantize(64).save(file, optimize=True)


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) == 3 else None)
