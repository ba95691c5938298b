"""How it learns, in the page: the gradient traced back, a weight's step, the loss and the way on it, the embedding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from page_browser import PATIENCE, Visit, until, visiting

pytestmark = pytest.mark.browser

SEEN = 257  # the test image that the page shows first
SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def number(text: str) -> float:
    """`−3.1·10⁻⁵` as the page writes it."""
    text = text.strip().strip("()").replace("−", "-").replace("+", "").replace(",", "")
    mantissa, _, power = text.partition("·10")
    return float(mantissa) * 10.0 ** int(power.translate(SUPERSCRIPT) or 0)


def table(panel: Any) -> np.ndarray:
    """Score, p, y and p − y of every digit."""
    rows = panel.locator("table.errors tbody tr")
    rows.first.wait_for()
    return np.array([[number(cell) for cell in row.split("\t")[1:]] for row in rows.all_inner_texts()])


@pytest.fixture(scope="module")
def backward(browser: Any, site: str) -> Iterator[Any]:
    """The way back of the first image, for two tests that look at different parts of it."""
    with visiting(browser, site) as visit:
        visit.open()
        yield visit.show("backward")


def test_gradient_goes_back_from_the_library_s_own_probabilities(backward: Any) -> None:
    from exmachina.classifier import Classifier
    from exmachina.lesson import digits

    shown = digits.part("test")[[SEEN]]
    probabilities = Classifier.load("fast").probabilities(shown.images)[0]
    label = int(shown.labels[0])
    result = table(panel := backward)
    np.testing.assert_allclose(result[:, 1], probabilities, atol=1e-4)
    np.testing.assert_allclose(result[:, 3], probabilities - np.eye(10)[label], atol=1e-4)
    other = (label + 1) % 10
    panel.get_by_role("button", name=f"Suppose it is a {other}").click()
    panel.locator(".fact", has_text=f"gives the {other} ").wait_for()
    np.testing.assert_allclose(table(panel)[:, 3], probabilities - np.eye(10)[other], atol=1e-4)


def test_blame_travels_as_far_back_as_asked(backward: Any) -> None:
    panel = backward
    panel.locator("table.errors").wait_for()
    stations = panel.locator(".station:not(.answers)")
    names = [name.inner_text() for name in stations.locator("strong").all()]
    assert names == ["norm2", "conv3", "norm1", "pool1", "conv2", "conv1", "pixels"]
    assert panel.locator(".unreached").count() == 0
    panel.locator(".scrub input").press("Home")
    panel.get_by_text("at the answer", exact=True).wait_for()
    assert panel.locator(".unreached").count() == len(names)
    panel.locator(".scrub input").press("ArrowRight")
    panel.get_by_text("at norm2", exact=True).wait_for()
    assert panel.locator(".unreached").count() == len(names) - 1
    assert "up to" in str(stations.nth(0).locator("canvas.mosaic").nth(1).get_attribute("aria-label"))


def card(panel: Any, name: str) -> list[str]:
    lines = panel.locator(f".optimizer[aria-label={name}] .written li")
    lines.first.wait_for()
    return list(lines.all_inner_texts())


def result(line: str) -> float:
    return number(line.rsplit("=", 1)[1])


@pytest.fixture(scope="module")
def step(browser: Any, site: str) -> Iterator[Any]:
    """A weight's step, for two tests: the first leaves no step taken, the second chooses other weights."""
    with visiting(browser, site) as visit:
        visit.open()
        panel = visit.show("step")
        panel.locator(".slope circle.ball").wait_for()
        yield panel


def test_three_optimizers_step_from_the_same_gradient(step: Any) -> None:
    panel = step
    cards = {name: card(panel, name) for name in ("SGD", "AdamW", "Adadelta")}
    gradients = {result(lines[0]) for lines in cards.values()}
    assert len(gradients) == 1
    slope = gradients.pop()
    assert slope != 0
    assert result(cards["SGD"][2]) == pytest.approx(-0.1 * 1.9 * slope, rel=0.02)
    assert abs(result(cards["AdamW"][4])) == pytest.approx(0.0032, rel=0.01)  # the rate itself, at first
    square = 0.05 * slope**2
    assert result(cards["Adadelta"][2]) == pytest.approx(-((1e-7 / (square + 1e-7)) ** 0.5) * slope, rel=0.02)
    for lines in cards.values():
        before, after = (number(part) for part in lines[-1].removeprefix("w:").split("→"))
        change = next(result(line) for line in lines if line.startswith("step"))
        assert after - before == pytest.approx(change, abs=2e-5)
    panel.get_by_role("button", name="Take this step").click()
    status = panel.locator("p[role=status]", has_text="After step 1, loss")
    status.wait_for()
    for name in cards:
        note = panel.locator(f".optimizer[aria-label={name}] > .note").inner_text()
        matches = re.search(r"Loss (\S+) → (\S+),", note)
        assert matches
        assert number(matches[2]) < number(matches[1])
        assert card(panel, name)[0] != cards[name][0]  # another place, another slope
    panel.get_by_role("button", name="Start again").click()
    panel.get_by_text("no step taken yet").first.wait_for()
    assert card(panel, "AdamW") == cards["AdamW"]


def test_weight_is_chosen_by_keyboard_and_its_products_add_up(step: Any) -> None:
    panel, page = step, step.page
    grid = panel.locator(".kernel-grid")
    panel.locator(".product-maps figure").nth(2).wait_for()
    seen = set()
    for key in ("ArrowUp", "ArrowLeft", "ArrowDown"):
        label = str(grid.get_attribute("aria-label"))
        seen.add(label)
        grid.focus()
        page.keyboard.press(key)
        until(page, "([e, old]) => e.ariaLabel !== old", [grid.element_handle(), label])
    assert len(seen) == 3
    assert "144 products add up" in panel.locator(".digit-gradient").inner_text()
    panel.get_by_label("Layer").select_option(label="conv3")
    panel.get_by_text("9 products add up").wait_for()
    assert grid.locator("table").first.locator("td").count() == 9


@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.long)])  # or the first, coarse picture
def test_loss_around_the_shipped_network_rises_and_can_be_stopped(copy_visit: Visit, whole: bool) -> None:
    page = copy_visit.open()
    panel = copy_visit.show("surface")
    panel.get_by_role("button", name="Compute this slice").click()
    panel.locator("path.contour").first.wait_for(timeout=4 * PATIENCE)
    panel.get_by_role("button", name="Stop").click()
    panel.locator("progress").wait_for(state="hidden")
    if whole:
        panel.get_by_role("button", name="Compute this slice").click()
        panel.get_by_role("button", name="Stop").wait_for()
        panel.locator("progress").wait_for(state="hidden", timeout=8 * PATIENCE)
    middle = number(panel.locator(".fact").inner_text().rsplit(" ", 1)[1].rstrip("."))
    frame = panel.locator(".landscape .framed")
    frame.focus()
    for _ in range(16):
        page.keyboard.press("ArrowLeft")
    edge = number(panel.locator(".landscape .note").inner_text().rsplit(" ", 1)[1].rstrip("."))
    assert edge > 2 * middle


@pytest.mark.slow
def test_way_of_a_training_is_drawn_and_digits_untangle(copy_visit: Visit) -> None:
    page = copy_visit.open()
    training = copy_visit.show("training")
    training.get_by_label("Epochs", exact=True).fill("0.1")
    training.get_by_role("button", name="Train", exact=True).click()
    training.locator(".test-accuracy").wait_for(timeout=4 * PATIENCE)
    panel = copy_visit.show("surface")
    panel.get_by_role("button", name="Compute this slice").click()
    answer = re.compile(r"They hold (\S+)\s% of the way")
    panel.locator(".note", has_text=answer).wait_for(timeout=8 * PATIENCE)
    panel.get_by_role("button", name="Stop").click()  # the coarse picture has the whole way
    share = answer.search(panel.locator(".note", has_text=answer).inner_text())
    assert share
    assert 50 < float(share[1]) <= 100
    moments = int(str(panel.locator(".scrub input").get_attribute("max"))) + 1
    assert panel.locator("circle.moment").count() == moments
    ball = panel.locator("circle.ball")
    end = ball.get_attribute("cx")
    panel.locator(".scrub input").fill("0")
    panel.locator(".fact", has_text="Step 0:").wait_for()
    assert ball.get_attribute("cx") != end
    losses = re.search(r"began at (\S+) and ended at (\S+)\.", panel.locator(".fact").inner_text())
    assert losses
    assert number(losses[1]) > 2 > 1 > number(losses[2])

    panel = copy_visit.show("embedding")
    panel.locator(".cloud .mark").first.wait_for(timeout=4 * PATIENCE)
    assert panel.locator(".cloud .mark").count() == 240

    def right(at: int) -> int:
        panel.locator(".scrub input").fill(str(at))
        step = panel.locator(".scrub output").inner_text().removeprefix("step ")
        fact = panel.locator(".fact", has_text=f"Step {step}:")
        fact.wait_for()
        result = re.search(r"(\d+) of 240", fact.inner_text())
        assert result
        return int(result[1])

    assert right(0) < 80 < 200 < right(moments - 1)
    assert panel.locator(".mark.wrong").count() == 240 - right(moments - 1)
    panel.locator(".cloud").focus()
    before = panel.locator("p[role=status]").inner_text()
    page.keyboard.press("ArrowRight")
    after = panel.locator("p[role=status]").inner_text()
    assert after != before
    page.keyboard.press("Enter")
    chosen = re.search(r"Test image (\d+)", after)
    assert chosen
    page.locator(".bar", has_text=f"test image {chosen[1]}").wait_for()
