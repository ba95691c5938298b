"""One quick evaluation of the tiny run for all tests, and a log of test sets that is nobody's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exmachina.data import Dataset
from exmachina.evaluation import Evaluation, evaluate
from exmachina.evaluation.arrays import Images
from exmachina.evaluation.inputs import Extent
from exmachina.evaluation.robustness import corruptions
from exmachina.evaluation.robustness.corruptions import corrupt
from exmachina.runs import Run
from exmachina.training import Recipe
from extents import SMALL


@pytest.fixture(autouse=True)
def own_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("EXMACHINA_DATA", str(folder))
    return folder


@pytest.fixture(scope="session")
def small() -> Extent:
    return SMALL


Judge = Callable[..., Evaluation]


@pytest.fixture(scope="session")
def judge(digits: Dataset, test_digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Evaluate a run in a second: the same images are spoilt once for all runs, unless all is to be done `anew`."""
    folder = tmp_path_factory.mktemp("log")
    spoilt: dict[tuple[Any, ...], Images] = {}

    def spoilt_once(images: Images, name: str, generator: np.random.Generator, severity: int | None = None) -> Images:
        key = hash(images.tobytes()), name, severity, str(generator.bit_generator.state)
        if key not in spoilt:
            spoilt[key] = corrupt(images, name, generator, severity)
        return spoilt[key]

    def examine(run: Run, *, anew: bool = False, **options: Any) -> Evaluation:
        settings = {
            "quick": True,
            "extent": SMALL,
            "log_folder": folder,
            "external_datasets": [test_digits[:100]],
            **options,
        }
        with pytest.MonkeyPatch.context() as patch:
            if not anew:
                patch.setattr(corruptions, "corrupt", spoilt_once)
            *_, result = evaluate(run, digits[:1000], test_digits, **settings)
        assert isinstance(result, Evaluation)
        return result

    return examine


@pytest.fixture(scope="session")
def dull_run(tiny_recipe: Recipe, digits: Dataset, test_digits: Dataset) -> Run:
    """Stopped early enough to make mistakes worth evaluating."""
    from exmachina.training import TrainingEnd, train

    *_, end = train(tiny_recipe.replace(learning_rate=0.005, epochs=0.5), digits[:1000], seed=0, test=test_digits)
    assert isinstance(end, TrainingEnd)
    return end.run


@pytest.fixture(scope="session")
def dull_evaluation(dull_run: Run, judge: Judge) -> Evaluation:
    return judge(dull_run, name="dull")


@pytest.fixture
def broken_run(request: pytest.FixtureRequest, tiny_run: Run) -> Run:
    kinds: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "nan": lambda array: np.full_like(array, np.nan),
        "zero": np.zeros_like,
        "random": lambda array: np.random.default_rng(1).normal(0, 0.05, array.shape).astype(np.float32),
        "huge": lambda array: (array * 1e30).astype(np.float32),
    }
    weights = {name: kinds[request.param](array) for name, array in tiny_run.weights.items()}
    return replace(tiny_run, weights=weights)
