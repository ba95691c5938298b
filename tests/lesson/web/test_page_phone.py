"""The page in a hand: what is pressed is as large as a finger, what is read is seen whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from page_browser import SEVEN, Visit, barriers, until, visiting

pytestmark = pytest.mark.browser

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
FINGER = 44  # css px: WCAG 2.2, 2.5.5. Links within a sentence are excepted there, and here.
SMALL = """(finger) => [...document.querySelectorAll("a, button, select, input, summary")]
    .filter((e) => e.checkVisibility() && !e.closest(".skip, .unseen, footer"))
    .filter((e) => e.tagName !== "A" || getComputedStyle(e).display !== "inline")
    .flatMap((e) => {
        const label = e.matches("[type=radio], [type=checkbox]") ? e.closest("label") : null;
        const { width, height } = (label ?? e).getBoundingClientRect();
        const what = `${e.closest("[data-panel]")?.dataset.panel ?? ""} ${e.tagName} ${e.className} ${e.textContent}`;
        return Math.min(width, height) < finger - 0.5 ? [`${what}: ${width} × ${height}`] : [];
    })"""
SIDEWAYS = """() => [...document.querySelectorAll("main *")]
    .filter((e) => /auto|scroll/.test(getComputedStyle(e).overflowX) && e.checkVisibility())
    .filter((e) => e.scrollWidth > e.clientWidth + 1)
    .map((e) => e.className)"""


def filled(visit: Visit) -> Any:
    """The page with every panel filled and everything that folds unfolded."""
    page = visit.open()
    visit.unfold()
    visit.draw(SEVEN)
    visit.walk()
    for panel, what in {"mistakes": "button.thumb", "backward": "table.errors", "step": ".chosen .written li"}.items():
        visit.show(panel).locator(what).first.wait_for()
    page.evaluate("for (const details of document.querySelectorAll('main details')) details.open = true")
    return page


@pytest.fixture(scope="module")
def whole(browser: Any, site: str) -> Iterator[Any]:
    """The whole page, filled once for all who look at it and change nothing that others look at."""
    with visiting(browser, site, **PHONE) as visit:
        yield filled(visit)


def pressed_by_fingers(page: Any) -> None:
    """Before and after the first press, which begins a way through the page."""
    assert page.evaluate(SMALL, FINGER) == []
    page.locator(".start button").first.click()
    page.locator(".path-line .next").wait_for()
    page.locator(".path-line .next button").wait_for()
    assert page.evaluate(SMALL, FINGER) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert {name.split()[0] for name in page.evaluate(SIDEWAYS)} == {"strip", "stations"}
    for part in page.locator(".path-line .next, .path-line a, .path-line .close").all():
        box = part.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 360


def test_axe_finds_nothing_on_a_phone(whole: Any) -> None:
    assert barriers(whole) == []


def test_fingers_find_what_to_press_and_only_strips_go_sideways(whole: Any) -> None:
    pressed_by_fingers(whole)


@pytest.mark.long
def test_fingers_find_what_to_press_in_longer_words(browser: Any, site: str) -> None:
    with visiting(browser, site, locale="de-DE", **PHONE) as visit:
        pressed_by_fingers(filled(visit))


def test_pad_is_in_sight_on_a_phone_held_sideways(browser: Any, site: str) -> None:
    for width, height in ((667, 375), (932, 430)):
        with visiting(browser, site, **{**PHONE, "viewport": {"width": width, "height": height}}) as visit:
            page = visit.open()
            visit.reads(8)
            for part in ("canvas.sheet", ".verdict"):
                box = page.locator(f"#draw {part}").first.bounding_box()
                assert box and box["y"] + box["height"] <= height


def test_way_back_is_a_strip_that_the_player_moves(browser: Any, site: str) -> None:
    with visiting(browser, site, **PHONE) as visit:
        page = visit.open()
        panel = visit.show("backward")
        panel.locator("table.errors").wait_for()
        panel.locator(".scrub input").press("Home")
        panel.get_by_role("button", name="One step forward").click()
        panel.get_by_text("at norm2", exact=True).wait_for()
        until(page, "() => document.querySelector('.stations').scrollLeft > 200")


UNDER_BAR = """(title) => {
    const bar = document.querySelector(".bar").getBoundingClientRect().height;
    const top = title.getBoundingClientRect().y;
    return bar <= top && top <= bar + 40;
}"""
OPEN = (
    "() => [...document.querySelectorAll('main .beat:not(.folded) > .prose .fold')].map((title) => title.textContent)"
)


def test_parts_fold_to_contents_and_one_is_open_at_a_time(browser: Any, site: str) -> None:
    with visiting(browser, site, **PHONE) as visit:
        page = visit.open()
        assert page.evaluate(OPEN) == []
        assert page.evaluate("document.documentElement.scrollHeight") < 13 * 740
        page.locator(".bar").get_by_role("link", name="Train", exact=True).click()
        assert page.evaluate(OPEN) == ["How wrong is wrong?"]
        title = page.get_by_role("button", name="Watch it happen")
        title.press("Enter")
        assert title.get_attribute("aria-expanded") == "true"
        assert page.evaluate(OPEN) == ["Watch it happen"]
        until(page, UNDER_BAR, title.element_handle())
        page.reload()  # the address knows it
        page.wait_for_selector("html[data-ready]")
        assert page.evaluate(OPEN) == ["Watch it happen"]
        page.get_by_role("button", name="Watch it happen").click()
        assert page.evaluate(OPEN) == []


def test_link_into_a_folded_part_opens_it_and_paper_has_them_all(browser: Any, site: str) -> None:
    with visiting(browser, site, **PHONE) as visit:
        page = visit.open("#question-leak")
        assert page.evaluate(OPEN) == ["The leak"]
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator(".folded").count() == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(OPEN) == ["The leak"]
        visit.unfold()
        assert page.locator(".folded").count() == 0
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert page.locator(".folded").count() == 0
        page.set_viewport_size({"width": 1280, "height": 800})
        until(page, "() => document.querySelectorAll('.fold').length === 0")
        assert page.locator("h3", has_text="The leak").inner_text() == "The leak"
