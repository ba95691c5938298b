"""The report in Chromium: no request, no overflow at any width, readable in light, dark and print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scipy.stats import betabinom

from exmachina.data import Dataset
from exmachina.evaluation import Evaluation, evaluate
from exmachina.evaluation.decisions import Decisions
from exmachina.evaluation.inputs import Extent
from exmachina.report import write_report
from exmachina.runs import Run
from page_browser import until

pytestmark = pytest.mark.browser
SMALL = Extent(40, 10, 20, 20, (0.1,), 20, 50, 100, 6, 2, 100, 60, 0)


@pytest.fixture(scope="module")
def result(
    tiny_run: Run, digits: Dataset, test_digits: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Evaluation:
    *_, result = evaluate(
        tiny_run,
        digits,
        test_digits,
        quick=True,
        extent=SMALL,
        log_folder=tmp_path_factory.mktemp("log"),
        external_datasets=[test_digits[:50]],
    )
    assert isinstance(result, Evaluation)
    return result


def test_report_fits_every_width_and_asks_for_nothing(browser: Any, result: Evaluation, tmp_path: Path) -> None:
    page_file = write_report(result, tmp_path / "report.html")
    grounds = set()
    for width in (360, 1280, 2560):
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("console", lambda message, asked=asked: asked.append(message.text))
            page.goto(page_file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
            assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
            grounds.add((scheme, page.evaluate("getComputedStyle(document.body).backgroundColor")))
            page.emulate_media(media="print")
            grounds.add(("print", page.evaluate("getComputedStyle(document.body).backgroundColor")))
            page.close()
    assert len(grounds) == 3 and ("print", "rgb(255, 255, 255)") in grounds


def test_tables_fit_a_phone_and_one_that_scrolls_is_a_stop_for_the_keyboard(
    browser: Any, result: Evaluation, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto(write_report(result, tmp_path / "report.html").as_uri())
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    scrolls = """() => [...document.querySelectorAll('.scroll')]
        .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent.slice(0, 60))"""
    stops = "document.querySelectorAll('.scroll[tabindex]').length"
    for width in (360, 390, 640, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate(scrolls) == [], width
    until(page, f"() => {stops} === 0")
    page.set_viewport_size({"width": 390, "height": 740})
    folded = page.locator("#number table.folds tbody tr").first
    assert folded.evaluate("(row) => getComputedStyle(row).display") == "grid"
    texts = folded.locator("td").evaluate_all("(all) => all.map((one) => getComputedStyle(one, '::before').content)")
    heads = page.locator("#number table.folds thead th").all_text_contents()
    assert [text.strip('"') for text in texts] == heads[1:]
    page.emulate_media(media="print")  # paper has room, and small letters
    assert folded.evaluate("(row) => getComputedStyle(row).display") == "table-row"
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 200, "height": 740})
    until(page, f"() => {stops} > 0")
    assert page.evaluate(f"{stops} === ({scrolls})().length")
    page.close()


def test_the_fields_answer_as_scipy_and_the_tables_do(browser: Any, result: Evaluation, tmp_path: Path) -> None:
    decisions = result.decisions
    assert isinstance(decisions, Decisions)
    page = browser.new_page()
    page.goto(write_report(result, tmp_path / "report.html").as_uri())
    for digits in (1, 37, 2_000):
        page.fill("#pile", str(digits))
        output = page.inner_text("#pile-answer")
        for forecast in decisions.forecasts:
            law = betabinom(digits, forecast.law.a, forecast.law.b)
            assert f"between {law.ppf(0.025):,.0f} and {law.ppf(0.975):,.0f}." in output, (digits, forecast.like)
    page.fill("#pile", "-3")
    assert "1 to 1,000,000" in page.inner_text("#pile-answer")
    page.focus("#cost")
    page.keyboard.press("End")
    dearest = decisions.costs[-1]
    assert f"{dearest.ratio:,} refusals" in page.inner_text("#cost-answer")
    page.locator("#decide details summary").first.click()
    assert f"{dearest.ratio:g}" in page.inner_text("#cost-table tr.chosen")
    human = decisions.human
    for place, label in enumerate(human.labels[:3]):
        page.locator("#quiz input").nth(place).fill(str(label))
    right = sum(a == b for a, b in zip(human.labels[:3], human.read[:3], strict=True))
    assert f"agree with the label on 3, the network on {right}." in page.inner_text("#quiz-answer")
    page.close()


def test_phone_folds_the_notes_and_paper_has_everything(browser: Any, result: Evaluation, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto(write_report(result, tmp_path / "report.html").as_uri())
    note = page.locator("aside p").first
    assert not note.is_visible() and not page.locator("table.methods").is_visible()
    page.locator("aside summary").first.click()
    assert note.is_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    until(page, "() => [...document.querySelectorAll('aside > details')].every((one) => one.open)")
    page.emulate_media(media="print")
    assert page.locator("table.methods").evaluate("table => table.checkVisibility() && table.offsetHeight") > 100
    assert not page.locator("summary").first.is_visible()
