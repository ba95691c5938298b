"""What somebody meets first: a link shared, a slow line, a phone, high contrast, a browser without scripts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from exmachina.lesson import WEB
from page_browser import SEVEN, Visit, until, visiting

pytestmark = pytest.mark.browser

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
FIRST_SCREEN = ("main.js", "panels/pad.js", "panels/reading.js")


def imported(path: Path, result: set[Path]) -> set[Path]:
    """`path` and every module that it brings along."""
    if path not in result:
        result.add(path)
        for name in re.findall(r'^(?:import|export)[^"]*?"(\..+?\.js)"', path.read_text(encoding="utf-8"), re.M):
            imported((path.parent / name).resolve(), result)
    return result


def test_first_screen_s_modules_are_fetched_at_once() -> None:
    html = (WEB / "index.html").read_text(encoding="utf-8")
    needed: set[Path] = set()
    for name in FIRST_SCREEN:
        imported((WEB / name).resolve(), needed)
    names = sorted(path.relative_to(WEB.resolve()).as_posix() for path in needed)
    lines = "\n".join(f'  <link rel="modulepreload" href="{name}">' for name in names if name != "main.js")
    assert re.findall(r'rel="modulepreload" href="(.+?)"', html) == [name for name in names if name != "main.js"], (
        f"index.html should have:\n{lines}"
    )


def test_shared_link_has_a_small_picture() -> None:
    html = (WEB / "index.html").read_text(encoding="utf-8")
    picture = re.search(r'property="og:image" content="(.+?)"', html)
    assert picture
    assert (WEB / picture[1]).stat().st_size <= 200_000


def test_without_scripts_the_page_says_what_it_needs(browser: Any, site: str) -> None:
    with visiting(browser, site, java_script_enabled=False) as visit:
        visit.page.goto(site)
        needs = visit.page.locator("noscript p")
        assert needs.is_visible()
        assert "JavaScript" in needs.inner_text()


def test_opened_from_a_folder_the_page_says_what_it_needs(browser: Any) -> None:
    page = browser.new_page()
    page.goto((WEB / "index.html").resolve().as_uri())
    page.get_by_text("opened from a folder").wait_for()
    page.close()


def test_link_is_copied_and_shows_the_same_drawing(browser: Any, site: str) -> None:
    with visiting(browser, site, permissions=["clipboard-read", "clipboard-write"]) as visit:
        page = visit.open()
        visit.draw(SEVEN)
        visit.reads(7)
        page.locator("#draw").get_by_role("button", name="Copy link").click()
        page.locator("#draw").get_by_text("Copied").wait_for()
        link = page.evaluate("navigator.clipboard.readText()")
        assert "drawing=" in link
        page.goto("about:blank")
        page.goto(link)
        visit.reads(7)


CHAPTERS = ["prepare", "train", "see", "use"]


@pytest.mark.parametrize(
    ("width", "chapters"),
    [(360, CHAPTERS[::2]), *(pytest.param(one, CHAPTERS, marks=pytest.mark.long) for one in (360, 1440, 2560))],
)
def test_links_to_a_chapter_arrive_at_its_heading(browser: Any, site: str, width: int, chapters: list[str]) -> None:
    with visiting(browser, site, idle=True, viewport={"width": width, "height": 900}) as visit:
        for chapter in chapters:
            visit.page.goto("about:blank")
            page = visit.open(f"#{chapter}")
            arrived(visit, chapter)
            page.get_by_role("link", name="Look", exact=True).click()
            arrived(visit, "look")
            page.get_by_role("link", name=chapter.capitalize(), exact=True).click()
            arrived(visit, chapter)
            page.reload()
            arrived(visit, chapter)


AT_TOP = """chapter => {
    const bar = document.querySelector(".bar").getBoundingClientRect().height;
    const heading = document.querySelector(`#${chapter} h2`).getBoundingClientRect().y;
    const current = document.querySelector(".bar [aria-current]")?.textContent.trim().toLowerCase();
    return bar <= heading && heading <= bar + 200 && current === chapter;
}"""


def arrived(visit: Visit, chapter: str) -> None:
    """The heading comes to the top, under the bar, and stays there while the figures around it are filled."""
    until(visit.page, AT_TOP, chapter)
    visit.rests()
    assert visit.page.evaluate(AT_TOP, chapter)


SHIFTS = """new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries())
        if (!hadRecentInput) window.moved = (window.moved ?? 0) + value;
}).observe({ type: "layout-shift", buffered: true })"""


@pytest.mark.parametrize("width", [360, pytest.param(1440, marks=pytest.mark.long)])
def test_nothing_moves_under_the_reader(browser: Any, site: str, width: int) -> None:
    with visiting(browser, site, idle=True, viewport={"width": width, "height": 800}) as visit:
        page = visit.page
        page.add_init_script(SHIFTS)
        visit.open()
        if width == 360:
            visit.unfold()
        visit.rests()
        for top in range(0, page.evaluate("document.documentElement.scrollHeight"), 500):
            page.evaluate(f"scrollTo({{top: {top}, behavior: 'instant'}})")
            visit.rests()
        assert page.evaluate("window.moved ?? 0") < 0.1


def test_swipe_beside_the_pad_goes_on_and_verdict_is_beside_it(browser: Any, site: str) -> None:
    with visiting(browser, site, **PHONE) as visit:
        page = visit.open()
        pad = page.locator("#draw .pad").bounding_box()
        verdict = page.locator("#draw .verdict").bounding_box()
        assert verdict["x"] > pad["x"] + pad["width"]
        assert verdict["y"] < pad["y"] + pad["height"]
        assert pad["x"] + pad["width"] <= 360 - 60  # a thumb's width
        client = page.context.new_cdp_session(page)
        touch = "Input.dispatchTouchEvent"
        before = page.evaluate("scrollY")
        top = pad["y"] + pad["height"] - 20
        client.send(touch, {"type": "touchStart", "touchPoints": [{"x": 330, "y": top}]})
        for i in range(12):
            client.send(touch, {"type": "touchMove", "touchPoints": [{"x": 330, "y": top - 12 * i}]})
        client.send(touch, {"type": "touchEnd", "touchPoints": []})
        until(page, f"() => scrollY > {before + 50}")
        assert page.get_by_text("Draw over it").first.is_visible()  # and nothing was drawn


def colours(page: Any, selector: str) -> int:
    """How many different colours a canvas shows."""
    count: int = page.locator(selector).first.evaluate("""canvas => new Set(new Uint32Array(
        canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size""")
    return count


def test_high_contrast_keeps_pictures_bars_and_marks(browser: Any, site: str) -> None:
    with visiting(browser, site, forced_colors="active", color_scheme="dark") as visit:
        page = visit.open()
        visit.draw(SEVEN)
        visit.reads(7)
        assert colours(page, "#draw .seen canvas") > 3
        bar, track = page.locator("#draw .bars .strong .fill"), page.locator("#draw .bars .strong .track")
        background = "element => getComputedStyle(element).backgroundColor"
        assert bar.evaluate(background) != track.evaluate(background)
        page.locator("#build").scroll_into_view_if_needed()
        current = page.locator(".bar [aria-current]")
        current.wait_for()
        other = page.locator(".bar li a:not([aria-current])").first
        outline = "element => getComputedStyle(element).outlineStyle"
        assert (current.evaluate(outline), other.evaluate(outline)) == ("solid", "none")
        assert colours(page, "[data-panel='look/browse'] canvas") > 3
        pressed = visit.show("build/blocks").locator(".segments [aria-pressed=true]")
        assert pressed.evaluate(outline) == "solid"


def test_bar_leaves_room_on_a_phone_held_sideways_and_on_a_narrow_one(browser: Any, site: str) -> None:
    with visiting(browser, site, viewport={"width": 844, "height": 390}) as visit:
        page = visit.open()
        assert page.locator(".bar").bounding_box()["height"] <= 0.16 * 390
        assert page.evaluate("document.documentElement.scrollHeight") < 26 * 390  # parts fold here too
    with visiting(browser, site, viewport={"width": 320, "height": 640}) as visit:
        page = visit.open()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        for part in (".bar .theme", ".bar li:last-child a"):
            box = page.locator(part).bounding_box()
            assert box["x"] + box["width"] <= 320
        theme = page.locator(".bar .theme").bounding_box()
        assert theme["width"] == pytest.approx(theme["height"], abs=1)
