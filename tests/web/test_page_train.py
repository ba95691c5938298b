"""Leading a training from the page: pause, step, go on, find it after a reload, compare, and wait for a busy server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from page_browser import PATIENCE, Visit, visiting

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def order(visit: Visit, **sliders: str) -> Any:
    """Order a training; a slider by its label."""
    panel = visit.show("training")
    for label, value in sliders.items():
        panel.get_by_label(label, exact=True).fill(value)
    panel.get_by_role("button", name="Train", exact=True).click()
    return panel


def paused_step(panel: Any) -> int:
    """The step after which the training waits, once it does."""
    fact = panel.locator(".fact", has_text="Paused after step")
    fact.wait_for()
    found = re.search(r"step (\d+)", fact.inner_text())
    assert found
    return int(found[1])


def begin_paused(visit: Visit, **sliders: str) -> tuple[Any, int]:
    panel = order(visit, **sliders)
    panel.locator(".fact", has_text="Step").wait_for()
    panel.get_by_role("button", name="Pause").click()
    return panel, paused_step(panel)


def finish(panel: Any) -> None:
    panel.locator(".test-accuracy").wait_for(timeout=4 * PATIENCE)


def test_training_pauses_steps_and_goes_on(lesson_visit: Visit) -> None:
    page = lesson_visit.open()
    panel, step = begin_paused(lesson_visit, Epochs="3")
    assert "goes on by itself after 30 seconds" in panel.locator(".note[role=status]").inner_text()
    assert panel.get_by_role("button", name="Train", exact=True).is_disabled()
    panel.get_by_text(f"at step {step}", exact=True).wait_for()  # the kernels are those of this very step
    one = panel.get_by_role("button", name="One step", exact=True)
    one.focus()
    for count in (1, 2):
        page.keyboard.press("Enter")  # the button keeps the focus from step to step
        panel.locator(".fact", has_text=f"Paused after step {step + count} ").wait_for()
        panel.get_by_text(f"at step {step + count}", exact=True).wait_for()
    assert panel.locator(".unseen[role=status]").inner_text().startswith(f"Paused after step {step + 2}")
    panel.locator(".scrub input").fill("0")  # while it waits, one can look back
    panel.get_by_text("at step 0", exact=True).wait_for()
    panel.get_by_role("button", name="Go on").click()
    finish(panel)
    assert not panel.get_by_role("button", name="Pause").is_visible()
    assert panel.locator(".note[role=status]").inner_text() == ""


def test_reload_finds_the_running_training_again(lesson_visit: Visit) -> None:
    page = lesson_visit.open()
    panel, step = begin_paused(lesson_visit, Epochs="3", Seed="4")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    panel = lesson_visit.show("training")
    assert paused_step(panel) == step
    panel.get_by_text(f"at step {step}", exact=True).wait_for()
    assert panel.locator("svg.chart path.line").count() >= 1  # from its first step on
    assert "fast, epochs 3, seed 4" in panel.locator("svg.chart").first.text_content()
    panel.get_by_role("button", name="Go on").click()
    finish(panel)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    finish(lesson_visit.show("training"))  # the finished one is found again too


def test_reader_chooses_the_two_runs_that_are_compared(lesson_visit: Visit) -> None:
    lesson_visit.open()
    for seed in ("1", "2", "3"):
        panel = order(lesson_visit, Epochs="0.25", Seed=seed)
        panel.get_by_role("button", name="Stop").wait_for()
        panel.get_by_role("button", name="Stop").wait_for(state="hidden", timeout=4 * PATIENCE)
        finish(panel)
    first, second = panel.get_by_label("Compare", exact=True), panel.get_by_label("with", exact=True)
    text = "e => e.selectedOptions[0].textContent"
    assert "seed 3" in first.evaluate(text) and "seed 2" in second.evaluate(text)
    second.select_option(label="1. fast, epochs 0.25, seed 1")
    chart = panel.locator("svg.chart").first
    chart.get_by_text("seed 1").wait_for()
    rows = panel.locator("table.compared tbody tr")
    assert ["seed 3" in rows.nth(0).inner_text(), "seed 1" in rows.nth(1).inner_text()] == [True, True]
    first.select_option(label="2. fast, epochs 0.25, seed 2")
    chart.get_by_text("seed 2").wait_for()
    assert "seed 3" not in chart.text_content()
    assert rows.nth(0).locator("td").first.inner_text() == panel.locator(".test-accuracy").inner_text()
    second.select_option(label="nothing")
    rows.first.wait_for(state="detached")
    assert chart.locator("path.line").count() == 1


@pytest.fixture
def narrow_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A lesson in which one training is all that may wait or run."""
    from lesson_server import serving

    from exmachina.server import Limits, Settings

    limits = Limits(jobs_waiting=1)
    with serving(Settings(data_folder=tmp_path_factory.mktemp("narrow"), threads=1, limits=limits)) as lesson:
        yield lesson.address + "/"


def test_busy_server_is_asked_again_after_a_countdown(browser: Any, narrow_address: str) -> None:
    with httpx.Client(base_url=narrow_address, timeout=60, trust_env=False) as other:
        other.get("/")
        key = other.post("/api/v1/trainings", json={"changes": {"epochs": 20.0}}).json()["id"]
        with visiting(browser, narrow_address) as visit:
            page = visit.open()
            panel = order(visit, Epochs="0.25")
            box = page.get_by_role("group", name="The server is busy")
            box.wait_for()
            assert "1 training is waiting" in box.inner_text() and re.search(r"again in [1-5] s", box.inner_text())
            said = page.locator("body > .unseen[role=status]", has_text="Trying again in 5 seconds.")
            said.wait_for(state="attached")
            box.locator(".left", has_text=re.compile("in [1-3] s")).wait_for()
            other.post(f"/api/v1/trainings/{key}/stop", json={})
            finish(panel)
            assert not box.is_visible()
            assert visit.complaints and all("503" in complaint for complaint in visit.complaints)
            visit.complaints.clear()


def test_reader_can_give_up_on_a_busy_server(browser: Any, narrow_address: str) -> None:
    with httpx.Client(base_url=narrow_address, timeout=60, trust_env=False) as other:
        other.get("/")
        other.post("/api/v1/trainings", json={"changes": {"epochs": 20.0}})
        with visiting(browser, narrow_address) as visit:
            page = visit.open()
            panel = order(visit, Epochs="0.25")
            page.get_by_role("button", name="Give up").click()
            page.locator("#trouble", has_text="training is waiting").wait_for()
            panel.get_by_role("button", name="Train", exact=True).and_(page.locator(":enabled")).wait_for()
            visit.complaints.clear()


def test_pause_that_keeps_another_waiting_ends_by_itself(browser: Any, tmp_path_factory: Any) -> None:
    from lesson_server import serving

    from exmachina.server import Limits, Settings

    settings = Settings(data_folder=tmp_path_factory.mktemp("two"), threads=1, limits=Limits(pause_seconds=4))
    with serving(settings) as lesson, visiting(browser, lesson.address + "/") as visit:
        visit.open()
        panel, _ = begin_paused(visit, Epochs="0.5")
        lesson.learner().post("/api/v1/trainings", json={"changes": {"epochs": 0.25}})
        note = panel.locator(".note[role=status]")
        panel.get_by_text("so this one goes on by itself within 4 seconds").wait_for()
        panel.get_by_text("It went on by itself: another training was waiting").wait_for()
        finish(panel)
        assert note.inner_text() == ""


def test_copy_without_a_server_has_no_buttons_that_need_one(copy_visit: Visit) -> None:
    copy_visit.open()
    panel = copy_visit.show("training")
    panel.get_by_role("button", name="Play this training").click()
    panel.locator(".test-accuracy").wait_for(timeout=PATIENCE)
    for name in ("Pause", "One step", "Stop"):
        assert not panel.get_by_role("button", name=name, exact=True).is_visible()
