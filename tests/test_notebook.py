"""The notebook runs from top to bottom, and is kept with the outputs of the code that is in it."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "hello_ex_machina.ipynb"
RUN = NOTEBOOK.parent / "run.py"
SECONDS = 60  # of processor time, which others on the same machine do not lengthen much


@pytest.fixture(scope="module")
def runner() -> Any:
    spec = importlib.util.spec_from_file_location("notebook_run", RUN)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def outputs_of(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def check(outputs: list[Any]) -> None:
    """What somebody who reads the notebook should find in it."""
    texts = "".join(output.get("text", "") for output in outputs)
    assert re.search(r"test accuracy 9[89]\.\d\d%", texts)
    assert re.search(r"^8 \(\d", texts, re.MULTILINE)
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 14
    for part in ("TrainingView of fast: trained in", "Pad of network 'fast': reads 8", "Layers of network 'fast'"):
        assert any("image/png" in o.data for o in outputs if o.get("data", {}).get("text/plain", "").startswith(part))


@pytest.mark.slow
@pytest.mark.long(55)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_notebook_runs_top_to_bottom_within_a_minute(runner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("GOMP_SPINCOUNT", "10000")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    before = os.times()
    runner.run(notebook)
    after = os.times()  # the kernel is a child, and it has ended
    used = after.children_user + after.children_system - before.children_user - before.children_system
    assert 1 < used < SECONDS
    check(outputs_of(notebook))
    views = [output for output in outputs_of(notebook) if runner.WIDGET in output.get("data", {})]
    assert len(views) == 3


def test_notebook_is_kept_with_the_outputs_of_its_code(runner: Any) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert notebook.metadata["exmachina"]["outputs_of"] == runner.digest(notebook), f"run: python notebooks/{RUN.name}"
    check(outputs_of(notebook))


def test_what_is_kept_is_small_and_needs_no_kernel() -> None:
    assert NOTEBOOK.stat().st_size < 1_000_000
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert "widget-view" not in text and "application/javascript" not in text and "<script" not in text
    for output in outputs_of(nbformat.read(NOTEBOOK, as_version=4)):
        assert output.output_type != "error"
        assert len(base64.b64decode(output.get("data", {}).get("image/png", ""))) < 150_000


def test_only_colab_installs_the_package() -> None:
    code = [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    first = "".join(code[0]["source"])
    assert re.search(r'if "google\.colab" in sys\.modules:\n +%pip install .*hello-ex-machina\[notebook\]', first)
    assert not any("pip install" in "".join(cell["source"]) for cell in code[1:])
