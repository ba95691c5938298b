"""The report in Chromium: no request, no overflow at any width, readable in light, dark and print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exmachina.data import Dataset
from exmachina.evaluation import Evaluation, evaluate
from exmachina.evaluation.inputs import Extent
from exmachina.report import write_report
from exmachina.runs import Run

pytestmark = pytest.mark.browser
SMALL = Extent(40, 10, 20, 20, (0.1,), 20, 50, 100, 6, 2, 100, 60, 0)


def test_report_fits_every_width_and_asks_for_nothing(
    browser: Any, tiny_run: Run, digits: Dataset, test_digits: Dataset, tmp_path: Path
) -> None:
    external_datasets = [test_digits[:50]]
    *_, result = evaluate(
        tiny_run,
        digits,
        test_digits,
        quick=True,
        extent=SMALL,
        log_folder=tmp_path,
        external_datasets=external_datasets,
    )
    assert isinstance(result, Evaluation)
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
