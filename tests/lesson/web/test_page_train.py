"""The page trains by itself, on any host: pause, step, turn a knob, scrub, compare, experiment, fine-tune, reload."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from exmachina.runs import Run
from page_browser import PATIENCE, SEVEN, Visit, begin, finish, until, visiting

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RUN = "new URLSearchParams(location.search).get('run')"  # the address names what can be found again


def paused_step(panel: Any) -> int:
    """The step after which the training waits, once it does."""
    fact = panel.locator(".fact", has_text="Paused after step")
    fact.wait_for()
    result = re.search(r"step (\d+)", fact.inner_text())
    assert result
    return int(result[1])


@pytest.fixture(scope="module")
def training(browser: Any, site: str) -> Iterator[tuple[Visit, Any, int]]:
    """A whole training, once for all who look at it: the visit, its panel, and the bytes that it learned from."""
    with visiting(browser, site) as visit:
        page = visit.open()
        weights: list[int] = []

        def weigh(response: Any) -> None:
            if "/data/train-" in response.url:
                weights.append(int(response.headers["content-length"]))

        page.on("response", weigh)
        panel = begin(visit)
        finish(panel)
        yield visit, panel, sum(weights)


@pytest.fixture
def trained(training: tuple[Visit, Any, int]) -> Iterator[tuple[Visit, Any]]:
    """What the training left, and as it left it."""
    visit, panel, _ = training
    yield visit, panel
    back = visit.page.locator(".moment").get_by_role("button", name="Back to the trained network")
    if back.is_visible():
        back.click()
        visit.show("training").get_by_text("as trained").wait_for()


def test_network_trained_in_the_page_reads_the_test_set(trained: tuple[Visit, Any]) -> None:
    visit, panel = trained
    assert float(panel.locator(".test-accuracy").inner_text().rstrip("%")) >= 98.9
    assert panel.locator("svg.chart path.line").count() == 2  # loss and accuracy
    chosen = visit.page.locator(".bar select option:checked").first
    assert "1. fast" in chosen.inner_text()
    panel.locator(".scrub input").fill("0")
    panel.get_by_text("at step 0").wait_for()
    assert "at step 0" in chosen.inner_text()
    check = visit.show("neuron").locator(".check")
    check.wait_for()
    assert check.inner_text().startswith("✓")


def test_a_training_fetches_no_more_than_six_megabytes(training: tuple[Visit, Any, int]) -> None:
    *_, fetched = training
    assert 0 < fetched <= 6_000_000


def test_own_network_is_doubted_like_any_other(trained: tuple[Visit, Any]) -> None:
    visit, panel = trained
    shown = panel.locator(".test-accuracy").inner_text()
    mistakes = visit.show("mistakes").locator("p[role=status]", has_text="read wrong by 1. fast")
    mistakes.wait_for()
    wrong = int(mistakes.inner_text().split()[0])
    assert round(100 - wrong / 100, 2) == float(shown.rstrip("%"))
    assert visit.show("takeaway").get_by_role("button", name="fast.zip").is_visible()


def test_kernels_keep_one_scale_through_a_training_and_there_is_a_way_back(trained: tuple[Visit, Any]) -> None:
    visit, panel = trained
    scale = panel.locator(".legend")
    last = scale.inner_text()
    moment = visit.page.locator(".moment")
    assert not moment.is_visible()
    panel.locator(".scrub input").fill("0")
    panel.get_by_text("at step 0", exact=True).wait_for()
    assert scale.inner_text() == last  # else the random weights would look as large as the learned ones
    moment.get_by_role("button", name="Back to the trained network").click()
    panel.get_by_text("as trained").wait_for()
    assert "1. fast" in visit.page.locator(".bar select option:checked").first.inner_text()


def test_phone_shows_scrubber_curve_and_kernels_together(trained: tuple[Visit, Any]) -> None:
    visit, _ = trained
    visit.page.set_viewport_size({"width": 360, "height": 740})
    visit.page.locator(".folded").first.wait_for()
    panel = visit.show("training")
    visit.page.locator(".train-view").evaluate("view => view.scrollIntoView({block: 'start', behavior: 'instant'})")
    for what in (".charts svg >> nth=0", "canvas.mosaic", ".player"):
        box = panel.locator(what).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 740
    visit.page.set_viewport_size({"width": 1280, "height": 900})


def test_lesson_trains_in_threads_and_its_server_keeps_the_run(lesson_visit: Visit) -> None:
    page = lesson_visit.open()
    assert page.evaluate("crossOriginIsolated")
    with page.expect_response(re.compile(r"-threads\.wasm$")):
        finish(begin(lesson_visit, Epochs="0.1"))
    takeaway = lesson_visit.show("takeaway")
    takeaway.get_by_role("button", name="Save it on this computer").click()
    answer = takeaway.get_by_text("Kept as")
    answer.wait_for(timeout=4 * PATIENCE)
    result = re.search(r"Kept as (\S+) in (\S+)\. The server measured ([0-9.]+)\s%", answer.inner_text())
    assert result
    run = Run.load(result[2])
    assert result[1] == "fast-1" and float(result[3]) == round(100 * (run.test_accuracy or 0), 2)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert "fast-1" in page.locator(".bar select").inner_text()


@pytest.mark.long
def test_one_thread_and_two_under_a_sub_path_learn_the_same(browser: Any, site: str) -> None:
    """At the first visit a plain host's page may not share memory; from the second on the service worker sees to it."""

    def trained(visit: Visit, file: str, name: str) -> str:
        with visit.page.expect_response(re.compile(rf"/some/where/engine/{file}$")):
            panel = begin(visit, Epochs="0.2", Seed="5")
        visit.page.locator(".bar option:checked", has_text=re.compile(rf"^{name}")).wait_for(
            state="attached", timeout=4 * PATIENCE
        )
        finish(panel)
        return str(panel.locator(".test-accuracy").inner_text())

    with visiting(browser, site, service_workers="allow") as visit:
        page = visit.open()
        assert not page.evaluate("crossOriginIsolated")
        alone = trained(visit, r"engine(-relaxed)?\.wasm", r"1\.")
        until(page, "() => navigator.serviceWorker.controller !== null")
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert page.evaluate("crossOriginIsolated")
        assert trained(visit, r"engine(-relaxed)?-threads\.wasm", r"2\.") == alone


def test_training_answers_strokes_pauses_steps_goes_on_and_stops(copy_visit: Visit) -> None:
    page = copy_visit.open()
    begin(copy_visit, Epochs="5").locator(".fact", has_text="Step").wait_for()
    page.locator("#draw").scroll_into_view_if_needed()
    copy_visit.draw(SEVEN)
    page.get_by_text("your drawing").first.wait_for()
    panel = copy_visit.show("training")
    panel.get_by_role("button", name="Pause").click()  # it goes on meanwhile
    step = paused_step(panel)
    assert panel.get_by_role("button", name="Train", exact=True).is_disabled()
    one = panel.get_by_role("button", name="One step", exact=True)
    one.focus()
    for count in (1, 2):
        page.keyboard.press("Enter")  # the button keeps the focus from step to step
        panel.locator(".fact", has_text=f"Paused after step {step + count} ").wait_for()
    assert panel.locator(".unseen[role=status]").inner_text().startswith(f"Paused after step {step + 2}")
    panel.locator(".scrub input").fill("0")  # while it waits, one can look back
    panel.get_by_text("at step 0", exact=True).wait_for()
    panel.get_by_label("Learning rate", exact=True).fill("20")
    panel.get_by_role("button", name="Go on").click()
    panel.locator(".fact", has_text=f"Step {step + 1}").or_(panel.locator(".fact", has_text="Step")).first.wait_for()
    panel.get_by_role("button", name="Stop").click()
    panel.locator(".fact", has_text="Stopped").wait_for()
    assert not panel.get_by_role("button", name="Pause").is_visible()
    panel.locator(".note", has_text=re.compile(r"^at step \d+$")).wait_for()  # not: as trained


def test_finished_trainings_outlast_a_reload_and_are_compared(copy_visit: Visit) -> None:
    page = copy_visit.open()
    for seed in ("1", "2", "3"):
        before = page.evaluate(RUN)
        finish(begin(copy_visit, Epochs="0.1", Seed=seed))
        until(page, f"before => {RUN} !== before", before)  # a moment later it names the run
    page.reload()
    page.wait_for_selector("html[data-ready]")
    panel = copy_visit.show("training")
    panel.locator(".test-accuracy").wait_for()
    first, second = panel.get_by_label("Compare", exact=True), panel.get_by_label("with", exact=True)
    text = "e => e.selectedOptions[0].textContent"
    assert "seed 3" in first.evaluate(text) and "seed 2" in second.evaluate(text)
    second.select_option(label="1. fast, epochs 0.1, seed 1")
    chart = panel.locator("svg.chart").first
    chart.get_by_text("seed 1").wait_for()
    rows = panel.locator("table.compared tbody tr")
    assert ["seed 3" in rows.nth(0).inner_text(), "seed 1" in rows.nth(1).inner_text()] == [True, True]
    assert rows.nth(0).locator("td").first.inner_text() == panel.locator(".test-accuracy").inner_text()
    kernels = panel.locator("canvas.mosaic:visible")  # of both, by one scale
    kernels.nth(1).wait_for()
    assert kernels.count() == 2
    second.select_option(label="nothing")
    panel.locator(".beside canvas").wait_for(state="detached")
    rows.first.wait_for(state="detached")
    assert chart.locator("path.line").count() == 1


@pytest.mark.long
def test_experiment_shows_every_result_and_its_spread(copy_visit: Visit) -> None:
    copy_visit.open()
    panel = copy_visit.show("experiment")
    panel.get_by_label("Vary").select_option("optimizer")
    panel.get_by_label("Seeds").fill("2")
    assert "4 trainings of fast" in panel.locator(".note").first.inner_text()
    panel.get_by_role("button", name="Run the experiment").click()
    panel.locator("tbody tr").first.wait_for(timeout=4 * PATIENCE)
    assert panel.locator("svg.chart circle").count() == 4
    rows = [row.inner_text().split("\t") for row in panel.locator("tbody tr").all()]
    assert [(value, n) for value, _, _, n in rows] == [("adamw", "2"), ("sgd", "2")]
    assert all(0 <= float(number.rstrip("%")) <= 100 for _, *numbers, _ in rows for number in numbers)


def test_experiment_can_be_stopped(copy_visit: Visit) -> None:
    copy_visit.open()
    panel = copy_visit.show("experiment")
    panel.get_by_label("Seeds").fill("20")
    panel.get_by_role("button", name="Run the experiment").click()
    panel.locator("svg.chart circle").first.wait_for(timeout=4 * PATIENCE)
    panel.get_by_role("button", name="Stop").click()
    panel.locator("tbody tr").first.wait_for()
    assert panel.get_by_role("button", name="Run the experiment").is_enabled()


def test_three_drawings_are_kept_and_learned(copy_visit: Visit) -> None:
    page = copy_visit.open()
    for count in (1, 2, 3):
        copy_visit.draw([(x + 0.01 * count, y) for x, y in SEVEN])
        copy_visit.show("picture").locator(".correct button").nth(7).click()
        copy_visit.show("collection").get_by_text(f"{count} digit").wait_for()
        page.locator("#draw").scroll_into_view_if_needed()
        page.locator("#draw").get_by_role("button", name="Clear").click()
    copy_visit.show("collection").get_by_role("button", name="Fine-tune on these").click()
    table = page.locator(".finetuned")
    table.wait_for()
    rows = table.locator("tbody tr").all_inner_texts()
    assert "your digits" in rows[0] and "MNIST" in rows[1]
    page.reload()
    page.wait_for_selector("html[data-ready]")
    copy_visit.show("collection").get_by_text("3 digits of yours").wait_for()
    assert "your hand" in page.locator(".bar select").inner_text()


def test_own_blocks_are_trained(copy_visit: Visit) -> None:
    page = copy_visit.open()
    blocks = copy_visit.show("blocks")
    blocks.get_by_role("button", name="fast", exact=True).click()
    blocks.get_by_label("Kernels").first.fill("0")
    blocks.get_by_role("link", name="Train this one").click()
    panel = copy_visit.show("training")
    assert panel.get_by_label("Recipe").evaluate("e => e.selectedOptions[0].textContent") == "your own blocks"
    finish(begin(copy_visit, Epochs="0.1"))
    assert "yours, epochs 0.1" in page.locator(".bar select option:checked").inner_text()


def test_time_is_estimated_and_knobs_show_what_will_be_ordered_and_outlast_a_reload(copy_visit: Visit) -> None:
    page = copy_visit.open()
    panel = copy_visit.show("train/training")
    estimate = re.compile(r"202 steps of 128 digits each: about .+ on this computer")
    panel.locator(".estimate", has_text=estimate).wait_for()  # before the button is pressed
    rate = panel.get_by_label("Learning rate", exact=True)
    shown = panel.locator(".slider", has_text="Learning rate").locator("output")
    own = rate.input_value()
    assert shown.inner_text() == "0.03"
    rate.press("ArrowRight")
    assert shown.inner_text() == "0.032"
    rate.press("ArrowLeft")  # the recipe's own rate can be had again
    assert (shown.inner_text(), rate.input_value()) == ("0.03", own)
    rate.press("ArrowRight")
    panel.get_by_label("Seed", exact=True).fill("4")
    copy_visit.show("build/blocks").get_by_label("Kernels").first.fill("0")  # other blocks leave the knobs alone
    page.reload()
    page.wait_for_selector("html[data-ready]")
    panel = copy_visit.show("train/training")
    assert shown.inner_text() == "0.032"
    assert panel.get_by_label("Seed", exact=True).input_value() == "4"
