"""The widgets in a real JupyterLab, driven by Chromium: what is drawn there arrives in Python."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import PATIENCE, jupyter_lab, run_all, write_notebook

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.browser]

SEVEN = [(0.3, 0.22), (0.72, 0.22), (0.6, 0.5), (0.5, 0.8)]  # on the pad, in fractions of its side
CELLS = [
    """
import json
from pathlib import Path
import traitlets
import exmachina
from exmachina.widget import Layers, Pad, watch

train, test = exmachina.load_mnist()
pad = Pad("fast")

def keep(change):
    if change["new"] is not None:
        Path("prediction.json").write_text(json.dumps([change["new"].digit, change["new"].probabilities]))

pad.observe(keep, "prediction")
pad
""",
    """
layers = Layers(pad.classifier, test.images[257])
traitlets.dlink((pad, "image"), (layers, "image"))
layers
""",
    """
recipe = exmachina.get_recipe("fast").replace(epochs=0.3)
image = test.images[257]
run = watch(exmachina.train(recipe, train, 0, test=test), image)
read = exmachina.Classifier.from_run(run).predict(image, prepared=True)
Path("run.json").write_text(json.dumps([run.test_accuracy, read.probabilities]))
""",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def lab(browser: Any, home: Path) -> Iterator[Any]:
    """A page with a notebook whose cells have run, and what it should not have asked for or complained of."""
    pytest.importorskip("jupyterlab")
    with jupyter_lab(home) as address:
        write_notebook(home / "small.ipynb", CELLS)
        context = browser.new_context(viewport={"width": 1500, "height": 1600})
        context.set_default_timeout(1000 * PATIENCE)
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        own = (address, address.replace("http", "ws"), "data:", "blob:")
        page.on("request", lambda request: request.url.startswith(own) or page.complaints.append(request.url))
        run_all(page, address, "small.ipynb")
        page.locator(".exmachina .test-accuracy").wait_for()
        yield page
        context.close()


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until `holds`."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.1)


def written(path: Path) -> Any:
    """What a cell wrote, as soon as it is there and whole."""
    eventually(lambda: path.exists() and path.read_text().endswith("]"))
    return json.loads(path.read_text())


def alike(shown: list[float], probabilities: list[float]) -> bool:
    """Whether a widget's percentages are these probabilities, to the decimal that it shows."""
    return bool(shown == pytest.approx([100 * p for p in probabilities], abs=0.06))


def percentages(part: Any) -> list[float]:
    """What the ten bars of a widget say."""
    texts: list[str] = part.locator(".bars .value").all_inner_texts()
    return [float(re.sub(r"[^\d.]", "", text)) for text in texts]


def test_drawn_digit_arrives_in_python_and_is_read_alike(lab: Any, home: Path) -> None:
    kept = home / "prediction.json"
    sheet = lab.locator(".exmachina .sheet")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    for i, (x, y) in enumerate(SEVEN):
        lab.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=6)
        if i == 0:
            lab.mouse.down()
    lab.mouse.up()
    lab.locator(".exmachina .draw .verdict", has_text=re.compile(r"^\s*7")).wait_for()
    shown = percentages(lab.locator(".exmachina .draw"))
    eventually(lambda: alike(shown, written(kept)[1]))  # the kernel hears of the stroke as it grows; its end counts
    assert written(kept)[0] == 7
    eventually(lambda: percentages(lab.locator(".exmachina .layers")) == shown)  # linked to the pad, by Python
    assert lab.complaints == []


def test_key_strokes_draw_and_do_not_reach_the_notebook(lab: Any) -> None:
    cells = lab.locator(".jp-Cell").count()
    lab.locator(".exmachina .sheet").focus()
    for key in ["Backspace", " ", *["ArrowDown"] * 12, " ", "x", "a"]:  # x would cut the cell, a add one
        lab.keyboard.press(key)
    lab.locator(".exmachina .draw .verdict", has_text=re.compile(r"^\s*1")).wait_for()
    assert lab.locator(".jp-Cell").count() == cells


def test_training_on_show_ends_with_the_runs_own_numbers(lab: Any, home: Path) -> None:
    accuracy, probabilities = written(home / "run.json")
    part = lab.locator(".exmachina").nth(2)
    assert part.locator(".test-accuracy").inner_text().replace("\u00a0", " ") == f"{100 * accuracy:.2f} %"
    assert alike(percentages(part), probabilities)
    part.locator(".scrub input").fill("0")  # the first moment: nothing learned
    assert max(percentages(part)) < 60


def test_chosen_neuron_tells_its_value(lab: Any) -> None:
    part = lab.locator(".exmachina").nth(1)
    frame = part.locator(".layers .framed[role=application]").first
    frame.focus()
    lab.keyboard.press("ArrowRight")
    assert re.search(r"conv1, map 1, row 0, column 0: −?\d+\.\d{3}", part.locator(".note").inner_text())


def test_widget_takes_the_notebooks_theme_and_follows_it(lab: Any) -> None:
    assert lab.locator(".exmachina").first.get_attribute("data-theme") == "light"
    lab.evaluate("jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    lab.locator(".exmachina[data-theme=dark]").nth(2).wait_for()
    assert lab.locator(".exmachina[data-theme=light]").count() == 0 and lab.complaints == []
