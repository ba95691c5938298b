"""Blocks: what is built, what does not fit, and what is trained of it."""

from __future__ import annotations

from typing import Any

import pytest

from exmachina.networks.layers import Conv
from page_browser import Visit, visiting

pytestmark = pytest.mark.browser


def names(panel: Any) -> list[str]:
    result: list[str] = panel.locator(".block h4").all_inner_texts()
    return result


def test_blocks_are_added_moved_and_removed(copy_visit: Visit) -> None:
    page = copy_visit.open()
    panel = copy_visit.show("build/blocks")
    assert names(panel)[:3] == ["conv1", "conv2", "pool1"]
    panel.get_by_label("Put a block before conv2").select_option(label="pooling")
    assert names(panel)[:4] == ["conv1", "pool2", "conv2", "pool1"]
    panel.get_by_role("button", name="Move pool2 back").focus()
    page.keyboard.press("Enter")
    assert names(panel)[:4] == ["conv1", "conv2", "pool2", "pool1"]
    page.keyboard.press("Enter")  # the focus has gone with the block
    assert names(panel)[:4] == ["conv1", "conv2", "pool1", "pool2"]
    panel.get_by_role("button", name="Remove conv2").click()
    assert names(panel)[:3] == ["conv1", "pool1", "pool2"]
    # 28 → 26 → 13 → 6 on a side, 32 maps of them
    parameters = 32 * (9 + 1) + 128 * (32 * 6 * 6 + 1) + 10 * (128 + 1)
    assert panel.locator(".fact").inner_text().startswith(f"{parameters:,} parameters")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert names(copy_visit.show("build/blocks"))[:3] == ["conv1", "pool1", "pool2"]


def test_block_that_does_not_fit_is_the_one_that_is_marked(copy_visit: Visit) -> None:
    copy_visit.open()
    panel = copy_visit.show("build/blocks")
    panel.get_by_role("button", name="Remove flatten1").click()
    marked = panel.locator(".block.wrong")
    assert marked.locator("h4").all_inner_texts() == ["dense1"]
    assert "put a flatten layer before it" in marked.locator(".misfit").inner_text()
    assert panel.locator(".block .shape").all_inner_texts()[3:6] == ["→ 64\u00a0×\u00a012\u00a0×\u00a012", "→ ?", "→ ?"]
    assert panel.locator(".segments [aria-pressed=true]").count() == 0
    assert not panel.get_by_role("link", name="Train this one").is_visible()
    panel.get_by_label("Put a block before dense1").select_option(label="maps in one row")
    assert panel.locator(".block.wrong").count() == 0
    assert panel.locator(".segments [aria-pressed=true]").inner_text() == "classic"


WINDOW = """(panel) => {
    const [before, after] = [...panel.querySelectorAll(".framed")].map((frame) => ({
        side: frame.querySelector("canvas").width,
        window: ["x", "y", "width"].map((name) => Number([...frame.querySelectorAll("rect")].pop().getAttribute(name))),
    }));
    return { before, after };
}"""


def test_what_a_block_does_is_counted_as_the_library_counts(copy_visit: Visit) -> None:
    page = copy_visit.open("?test=257")
    panel = copy_visit.show("convolution")
    for size, stride, padding in [(3, 1, 0), (5, 2, 2), (4, 3, 1), (9, 4, 0)]:
        for label, value in {"Size": size, "Stride": stride, "Padding": padding}.items():
            panel.get_by_label(label, exact=True).fill(str(value))
        layer = Conv("conv1", filters=1, kernel=size, stride=stride, padding=padding)
        _, count, _ = layer.output_shape((1, 28, 28))
        last = count - 1
        wide = 28 + 2 * padding
        unread = wide - size - last * stride
        hops = f"(28 + 2·{padding} − {size}) / {stride}"
        panel.get_by_text(f"{f'⌊{hops}⌋' if unread else hops} + 1 = {count}", exact=True).wait_for()
        costs = f"Each map costs {size * size} weights and {layer.multiplications((1, 28, 28)):,} multiplications"
        assert costs in panel.locator(".note").inner_text()
        assert panel.locator("figcaption").all_inner_texts() == [f"{side}\u00a0×\u00a0{side}" for side in (wide, count)]
        panel.get_by_label("Place").fill(str(count * count - 1))
        panel.get_by_text(f"row {last}, column {last}", exact=True).wait_for()
        shown = page.evaluate(WINDOW, panel.element_handle())
        assert shown["before"] == {"side": wide, "window": [last * stride, last * stride, size]}
        assert shown["after"] == {"side": count, "window": [last, last, 1]}
        assert (f"The last {unread} rows and columns" in panel.locator(".note").inner_text()) == (unread > 0)


def test_what_a_block_does_takes_the_settings_of_a_block(copy_visit: Visit) -> None:
    copy_visit.open()
    blocks = copy_visit.show("build/blocks")
    blocks.get_by_role("button", name="fast", exact=True).click()
    panel = copy_visit.show("convolution")
    panel.get_by_role("button", name="conv1", exact=True).click()
    panel.get_by_text("⌊(28 + 2·0 − 5) / 2⌋ + 1 = 12", exact=True).wait_for()  # as its card says: 16 × 12 × 12
    panel.get_by_role("button", name="conv2", exact=True).click()
    panel.get_by_text("(28 + 2·0 − 3) / 1 + 1 = 26", exact=True).wait_for()


def test_blocks_are_a_short_list_on_a_phone(browser: Any, site: str) -> None:
    with visiting(browser, site, viewport={"width": 360, "height": 740}) as visit:
        visit.open()
        panel = visit.show("build/blocks")
        assert panel.bounding_box()["height"] < 2 * 740
        panel.locator(".block summary").first.click()
        assert panel.get_by_label("Kernels").first.is_visible()
