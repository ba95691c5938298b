"""Operating on the network: what is switched off, pruned or written by hand, and the way back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from page_browser import SEVEN, Visit, visiting

pytestmark = pytest.mark.browser


def uses(page: Any, name: str) -> None:
    """Wait until the bar names this network as the one in use."""
    page.locator(".tools select option:checked", has_text=re.compile(f"^{name}")).wait_for(state="attached")


@pytest.fixture(scope="module")
def visit(browser: Any, site: str) -> Iterator[Visit]:
    with visiting(browser, site) as visit:
        visit.open()
        yield visit


@pytest.fixture
def unedited(visit: Visit) -> Visit:
    """One visit for those who begin with the shipped network and need no new page for it."""
    back = visit.page.locator(".way-back")
    if back.is_visible():
        back.click()
    uses(visit.page, "fast")
    return visit


def test_map_switched_off_is_felt_by_the_whole_page_and_undone(unedited: Visit) -> None:
    page = unedited.page
    panel = unedited.show("operate")
    dear = panel.get_by_role("switch", name="Map 5 of conv1")
    dear.click()
    panel.locator(".difference").wait_for()
    assert dear.get_attribute("aria-checked") == "false"
    uses(page, "edited: fast")
    before, after = panel.locator(".measure.test").inner_text().split("→")
    assert share(after) < share(before) - 1.5
    panel.get_by_role("button", name="Undo").click()
    panel.get_by_text("of a thousand test digits").wait_for()
    uses(page, "fast")
    dear.scroll_into_view_if_needed()  # what nobody sees is drawn when somebody does
    panel.get_by_role("switch", name="Map 5 of conv1", checked=True).wait_for()


def share(text: str) -> float:
    result = re.search(r"([\d.]+)\s%", text)
    assert result, text
    return float(result[1])


def test_the_way_back_is_in_the_bar_from_everywhere(unedited: Visit) -> None:
    page = unedited.page
    panel = unedited.show("operate")
    panel.get_by_label("Set to zero").fill("60")
    uses(page, "edited")
    unedited.show("neuron").locator(".check").wait_for()  # its sum is that of the edited weights
    page.locator(".tools").get_by_role("button", name="As it was").click()
    uses(page, "fast")
    unedited.show("operate")
    assert panel.get_by_label("Set to zero").input_value() == "0"
    assert not page.locator(".way-back").is_visible()


def test_slider_is_undone_as_one(unedited: Visit) -> None:
    panel = unedited.show("operate")
    panel.get_by_role("switch", name="Map 3 of conv1").click()
    for value in ("10", "20", "30"):
        panel.get_by_label("Set to zero").fill(value)
    panel.get_by_role("button", name="Undo").click()
    panel.get_by_text(re.compile(r"^25 of 29,200 weights are zero")).wait_for()  # those of the map
    assert panel.get_by_label("Set to zero").input_value() == "0"
    assert panel.get_by_role("switch", name="Map 3 of conv1").get_attribute("aria-checked") == "false"


def test_kernel_written_by_keyboard_is_the_network_s(unedited: Visit) -> None:
    page = unedited.page
    panel = unedited.show("operate")
    panel.get_by_label("Map", exact=True).select_option("2")
    cells = panel.locator(".kernel button")
    cells.nth(12).focus()
    page.keyboard.press("ArrowLeft")
    panel.locator(".number.value input").fill("0.5")
    panel.locator(".kernel button:nth-child(12)", has_text="0.50").wait_for()
    cells.nth(11).focus()
    page.keyboard.press("+")
    panel.locator(".kernel button:nth-child(12)", has_text=re.compile(r"0\.(5[1-9]|[6-9])")).wait_for()
    sliding = unedited.show("sliding")
    sliding.get_by_label("Kernel of conv1").select_option("2")
    shown = cells.all_inner_texts()
    assert sliding.get_by_label("Kernel", exact=True).locator("td").all_inner_texts() == shown
    unedited.show("operate")
    panel.get_by_role("button", name="Its own kernel").click()
    page.locator(".way-back").wait_for(state="hidden")


def test_edits_outlast_a_reload_and_travel_in_the_link(copy_visit: Visit) -> None:
    page = copy_visit.open()
    panel = copy_visit.show("operate")
    panel.get_by_label("Set to zero").fill("30")
    panel.get_by_role("switch", name="Map 5 of conv1").click()
    panel.get_by_role("button", name="Blur").click()
    page.wait_for_url(re.compile(r"edits=p30\*o\.conv1\.5\*k\.conv1\."))
    kernel = panel.locator(".kernel button").all_inner_texts()
    page.reload()
    page.wait_for_selector("html[data-ready]")
    uses(page, "edited: fast")
    panel = copy_visit.show("operate")
    assert panel.get_by_label("Set to zero").input_value() == "30"
    assert panel.get_by_role("switch", name="Map 5 of conv1").get_attribute("aria-checked") == "false"
    panel.get_by_role("button", name="Undo").click()  # what came with the address is one edit
    uses(page, "fast")
    assert panel.locator(".kernel button").all_inner_texts() != kernel


def test_edits_that_the_network_cannot_have_are_left_out(copy_visit: Visit) -> None:
    page = copy_visit.open("?edits=p20*o.conv9.1*o.conv1.99*k.conv1.0.0.AAAA*k.conv1.0.7.AAAAAA*p1e9*%3Cb%3E")
    uses(page, "edited: fast")
    panel = copy_visit.show("operate")
    assert panel.get_by_label("Set to zero").input_value() == "20"
    assert panel.locator("[aria-checked=false]").count() == 0


def test_trying_each_map_finds_the_dear_one(unedited: Visit) -> None:
    panel = unedited.show("operate")
    panel.get_by_role("button", name="Which one matters").click()
    panel.get_by_text("The dearest is number").wait_for()
    costs = [float(text.replace("−", "-")) for text in panel.locator(".map-switch .cost").all_inner_texts()]
    assert len(costs) == 16
    dearest = costs.index(min(costs))
    assert f"number {dearest}:" in panel.locator(".note[role=status]").inner_text()
    panel.get_by_role("button", name=re.compile("off together")).click()
    panel.locator(".difference").wait_for()
    assert panel.locator(".map-switch[aria-checked=false]").count() > 8


def test_mistakes_are_the_edited_network_s(unedited: Visit) -> None:
    panel = unedited.show("operate")
    panel.get_by_role("switch", name="Map 5 of conv1").click()
    mistakes = unedited.show("mistakes")
    mistakes.get_by_text("read wrong by edited").wait_for()
    assert int(mistakes.locator("strong").first.inner_text()) > 300  # nine hundred or so, where `fast` makes ninety-odd
    unedited.page.locator(".way-back").click()
    mistakes.get_by_text("read wrong by fast").wait_for()


COUNT_ENGINES = """(() => {
    window.engines = 0;
    const Instance = WebAssembly.Instance;
    WebAssembly.Instance = function (...rest) { window.engines++; return new Instance(...rest); };
})()"""


def test_test_digits_are_read_beside_the_page_and_never_by_it(copy_visit: Visit) -> None:
    copy_visit.page.add_init_script(COUNT_ENGINES)
    page = copy_visit.open()
    panel = copy_visit.show("operate")
    panel.get_by_role("switch", name="Map 5 of conv1").click()
    panel.locator(".difference").wait_for()
    assert page.evaluate("window.engines") == 0
    assert len(page.workers) >= 1
    page.locator("#draw").scroll_into_view_if_needed()
    page.locator("#draw canvas.sheet").scroll_into_view_if_needed()
    copy_visit.draw(SEVEN)
    copy_visit.reads(7)
