"""The page with its server: train, fine-tune, and find one's drawings again."""

from __future__ import annotations

import pytest
from page_browser import SEVEN, Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_training_from_the_page_reaches_its_accuracy(lesson_visit: Visit) -> None:
    lesson_visit.open()
    panel = lesson_visit.show("training")
    panel.get_by_role("button", name="Train", exact=True).click()
    shown = panel.locator(".test-accuracy").inner_text()
    assert float(shown.removesuffix(" %")) >= 98.5
    assert panel.locator("svg.chart path.line").count() == 2  # loss and accuracy
    panel.get_by_text("as trained").wait_for()
    panel.locator(".scrub input").fill("0")
    panel.get_by_text("at step 0").wait_for()
    check = lesson_visit.show("neuron").locator(".check")
    check.wait_for()
    assert check.inner_text().startswith("✓")


def test_three_drawings_are_kept_and_learned(lesson_visit: Visit) -> None:
    page = lesson_visit.open()
    for count in (1, 2, 3):
        lesson_visit.draw([(x + 0.01 * count, y) for x, y in SEVEN])
        lesson_visit.show("picture").locator(".correct button").nth(7).click()
        lesson_visit.show("collection").get_by_text(f"{count} digit").wait_for()
        page.locator("#draw").scroll_into_view_if_needed()
        page.locator("#draw").get_by_role("button", name="Clear").click()
    lesson_visit.show("collection").get_by_role("button", name="Fine-tune on these").click()
    table = page.locator(".finetuned")
    table.wait_for()
    rows = table.locator("tbody tr").all_inner_texts()
    assert "your digits" in rows[0] and "MNIST" in rows[1]
    page.reload()
    page.wait_for_selector("html[data-ready]")
    lesson_visit.show("collection").get_by_text("3 digits of yours").wait_for()
