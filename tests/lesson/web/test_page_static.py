"""The page on a plain web host, under a sub-path."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from page_browser import SEVEN, Visit, until, visiting

pytestmark = pytest.mark.browser


def test_drawn_seven_is_read_an_empty_canvas_says_so_and_the_keyboard_draws(copy_visit: Visit) -> None:
    page = copy_visit.open()
    copy_visit.draw(SEVEN)
    copy_visit.reads(7)
    empty = page.get_by_text("Nothing is drawn yet").first
    assert not empty.is_visible()
    page.locator("#draw").get_by_role("button", name="Clear").click()
    empty.wait_for()
    page.locator("#draw canvas.sheet").focus()
    for key in ["Space", *["ArrowDown"] * 12, "Space"]:
        page.keyboard.press(key)
    copy_visit.reads(1)
    page.keyboard.press("Backspace")
    empty.wait_for()


def test_neuron_s_sum_is_the_network_s_value(copy_visit: Visit) -> None:
    copy_visit.open("?neuron=conv2.3.4.4")
    panel = copy_visit.show("neuron")
    panel.locator(".check").wait_for()
    assert "The sum is the network's value" in panel.locator(".check").inner_text()
    shown = panel.locator(".total dd").all_inner_texts()
    assert shown[-1] == panel.locator(".network-value").inner_text()
    total = [number(text) for text in shown]
    assert total[-1] == pytest.approx(total[-2], abs=1e-4)  # this layer of `fast` has no activation


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("+", ""))


def test_picture_of_a_digit_is_read(copy_visit: Visit, tmp_path: Path) -> None:
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (300, 240), (244, 240, 230))
    ImageDraw.Draw(picture).line([(90, 60), (200, 60), (150, 190)], fill=(40, 40, 90), width=14)
    picture.save(tmp_path / "seven.png")
    copy_visit.open()
    panel = copy_visit.show("picture")
    panel.locator("input[type=file]").set_input_files(str(tmp_path / "seven.png"))
    panel.get_by_text("· your picture").wait_for()
    assert panel.locator(".verdict").inner_text().startswith("7")


# On a busy machine the address may have been written in the middle of the stroke, and is once more at its end.
WHOLE_IN_ADDRESS = """async () => {
    const { encodeStrokes } = await import("./url.js");
    const { store } = await import("./state.js");
    window.wholeInAddress = () =>
        new URLSearchParams(location.search).get("drawing") === encodeStrokes(store.get().strokes);
}"""


def test_address_carries_the_drawing_and_the_neuron(copy_visit: Visit) -> None:
    page = copy_visit.open()
    copy_visit.draw(SEVEN)
    page.evaluate(WHOLE_IN_ADDRESS)
    until(page, "() => window.wholeInAddress()")
    page.goto(page.url)
    page.wait_for_selector("html[data-ready]")
    copy_visit.reads(7)


FETCHED_AT_FIRST = """new MutationObserver((_, observer) => {
    if (!/^\\s*8/.test(document.querySelector("#draw .verdict")?.textContent ?? "")) return;
    window.fetchedAtFirst = performance.getEntriesByType("resource").map(({ decodedBodySize }) => decodedBodySize);
    observer.disconnect();
}).observe(document, { childList: true, subtree: true, characterData: true })"""


def test_first_picture_needs_little(browser: Any, site: str) -> None:
    with visiting(browser, site) as visit:
        visit.page.add_init_script(FETCHED_AT_FIRST)
        visit.open()
        visit.reads(8)
        sizes = visit.page.evaluate("window.fetchedAtFirst")  # later panels follow by themselves
        assert len(sizes) > 50 and 200_000 < sum(sizes) <= 500_000


def test_guess_comes_before_the_answer(copy_visit: Visit) -> None:
    page = copy_visit.open()
    form = page.locator("form.guess").first
    assert not form.locator(".answer").is_visible()
    form.get_by_label("Nearly").check()
    form.locator(".answer").wait_for()
    assert "That is it" in form.locator(".verdict").inner_text()


def test_touch_drawing_does_not_scroll(browser: Any, site: str) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with visiting(browser, site, **phone) as visit:
        page = visit.open()
        sheet = page.locator("#draw canvas.sheet")
        sheet.scroll_into_view_if_needed()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        before = page.evaluate("scrollY")
        box = sheet.bounding_box()
        client = page.context.new_cdp_session(page)
        points = [(0.3 + 0.04 * i, 0.2) for i in range(10)] + [(0.66 - 0.02 * i, 0.2 + 0.06 * i) for i in range(10)]
        for i, (x, y) in enumerate(points):
            at = [{"x": box["x"] + box["width"] * x, "y": box["y"] + box["height"] * y}]
            kind = "touchMove" if i else "touchStart"
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        visit.reads(7)
        assert page.evaluate("scrollY") == before


def test_no_inline_style_or_script_is_needed() -> None:
    html = (Path(__file__).parents[3] / "src/exmachina/lesson/web/index.html").read_text(encoding="utf-8")
    assert not re.search(r'\sstyle="|<style|\son\w+="', html)
    assert "://" not in html


def test_page_works_offline_after_the_first_visit(browser: Any, site: str) -> None:
    with visiting(browser, site, service_workers="allow") as visit:
        page = visit.open()
        page.evaluate("navigator.serviceWorker.ready")
        until(page, "() => navigator.serviceWorker.controller !== null")
        page.context.set_offline(True)
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert page.evaluate("crossOriginIsolated")  # threads may share memory, whatever the host says or does not
        visit.draw(SEVEN)
        visit.reads(7)


def test_host_that_is_gone_is_told_in_sight_and_the_message_can_be_closed(copy_visit: Visit) -> None:
    page = copy_visit.open()
    panel = copy_visit.show("look/browse")
    page.context.set_offline(True)
    panel.get_by_label("Number").fill("5000")  # not among the few that come first
    panel.get_by_label("Number").press("Enter")
    alert = page.locator("#trouble", has_text="host does not answer")
    alert.wait_for()
    box = alert.bounding_box()
    assert box and 0 <= box["y"] < 200
    alert.get_by_role("button", name="Close this message").click()
    alert.wait_for(state="hidden")
    page.context.set_offline(False)
    panel.get_by_label("Number").fill("5001")  # and once it is back, it is asked again
    panel.get_by_label("Number").press("Enter")
    page.locator(".bar", has_text="test image 5001").wait_for()
    copy_visit.complaints = [one for one in copy_visit.complaints if "ERR_INTERNET_DISCONNECTED" not in one]
