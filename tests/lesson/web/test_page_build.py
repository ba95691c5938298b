"""Blocks: what is built, what does not fit, and what is trained of it."""

from __future__ import annotations

from typing import Any

import pytest

from page_browser import Visit, visiting

pytestmark = pytest.mark.browser


def names(panel: Any) -> list[str]:
    found: list[str] = panel.locator(".block h4").all_inner_texts()
    return found


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
    assert panel.locator(".block .shape").all_inner_texts()[3:6] == ["→ 64 × 12 × 12", "→ ?", "→ ?"]
    assert panel.locator(".segments [aria-pressed=true]").count() == 0
    assert not panel.get_by_role("link", name="Train this one").is_visible()
    panel.get_by_label("Put a block before dense1").select_option(label="maps in one row")
    assert panel.locator(".block.wrong").count() == 0
    assert panel.locator(".segments [aria-pressed=true]").inner_text() == "classic"


def test_blocks_are_a_short_list_on_a_phone(browser: Any, site: str) -> None:
    with visiting(browser, site, viewport={"width": 360, "height": 740}) as visit:
        visit.open()
        panel = visit.show("build/blocks")
        assert panel.bounding_box()["height"] < 2 * 740
        panel.locator(".block summary").first.click()
        assert panel.get_by_label("Kernels").first.is_visible()
