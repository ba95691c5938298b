"""The network as one picture: its strongest maps, what connects them, and the way to a neuron's sum."""

from __future__ import annotations

from typing import Any

import pytest

from page_browser import SEVEN, Visit, visiting

pytestmark = pytest.mark.browser


def test_map_lights_up_its_sources_and_opens_its_sum(copy_visit: Visit) -> None:
    page = copy_visit.open()
    panel = copy_visit.show("overview")
    tile = panel.get_by_role("button", name="conv3, number").first
    tile.focus()
    panel.locator(".sources strong", has_text="conv3").wait_for()
    assert panel.locator(".edges.lit path").count() > 3
    assert panel.locator(".tile.source").count() > 1
    words = panel.locator(".sources").inner_text()
    page.keyboard.press("Enter")
    neuron = copy_visit.show("neuron")
    neuron.locator(".check").wait_for()
    strongest = neuron.locator(".term .source").first.inner_text()
    assert f"from map {strongest.split()[-1]}" in words
    assert f"{rounded(neuron.locator('.network-value').inner_text())} =" in words


def rounded(text: str) -> str:
    return f"{float(text.replace('−', '-')):.2f}".replace("-", "−")


def test_the_answer_s_sum_is_opened_from_its_line(copy_visit: Visit) -> None:
    copy_visit.open()
    panel = copy_visit.show("overview")
    panel.locator(
        ".sources strong", has_text="dense1 8"
    ).wait_for()  # nothing is pointed at: where the answer comes from
    panel.get_by_role("link", name="See every product").click()
    neuron = copy_visit.show("neuron")
    neuron.get_by_text("before softmax").wait_for()
    assert neuron.get_by_role("spinbutton", name="Unit").input_value() == "8"


def test_all_maps_are_there_on_request(copy_visit: Visit) -> None:
    copy_visit.open()
    panel = copy_visit.show("overview")
    assert panel.locator(".tile").count() == 3 * 6
    panel.get_by_role("button", name="Every map of every layer").click()
    panel.locator(".layers canvas.mosaic").first.wait_for()
    assert panel.locator(".layers canvas.mosaic").count() == 6  # every layer of `fast` but the flattening and the last


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_digit_flows_through_once_unless_less_motion_is_wished(browser: Any, site: str, motion: str) -> None:
    with visiting(browser, site, reduced_motion=motion) as visit:
        page = visit.open()
        page.evaluate("document.querySelector('#draw').after(document.querySelector('[data-panel$=overview]'))")
        panel = visit.show("overview")
        visit.rests()
        page.evaluate(
            """() => {
                window.flows = 0;
                const animate = Element.prototype.animate;
                Element.prototype.animate = function (...rest) {
                    if (this.classList.contains("tile")) window.flows++;
                    return animate.apply(this, rest);
                };
            }"""
        )
        page.locator("#draw canvas.sheet").first.scroll_into_view_if_needed()
        visit.draw(SEVEN)
        visit.reads(7)
        panel.locator(".restless").wait_for(state="detached")
        assert page.evaluate("window.flows") == (0 if motion == "reduce" else 3 * 6)


def test_overview_is_a_strip_on_a_phone(browser: Any, site: str) -> None:
    with visiting(browser, site, viewport={"width": 360, "height": 740}) as visit:
        page = visit.open()
        panel = visit.show("overview")
        strip = panel.locator(".strip")
        assert strip.evaluate("strip => strip.scrollWidth > strip.clientWidth")
        assert panel.bounding_box()["height"] < 1000
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_neuron_s_fields_follow_the_layer_and_stay_in_range(copy_visit: Visit) -> None:
    page = copy_visit.open()
    panel = copy_visit.show("neuron")
    panel.get_by_label("Layer").focus()
    panel.get_by_label("Layer").select_option(label="conv1: convolution 5×5, every 2 pixels, ReLU")
    panel.get_by_text("conv1, map").wait_for()
    shown = panel.get_by_text("conv1, map").inner_text()
    assert f"map {panel.get_by_role('spinbutton', name='Map').input_value()}:" in shown
    panel.get_by_role("spinbutton", name="Map").fill("99")
    page.keyboard.press("Enter")
    panel.get_by_text("conv1, map 15:").wait_for()
    assert panel.get_by_role("spinbutton", name="Map").input_value() == "15"
