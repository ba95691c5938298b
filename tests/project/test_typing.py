"""Whoever uses the library under `mypy --strict` meets no error of ours."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import exmachina

ROOT = Path(__file__).parents[2]

USER = """
import numpy as np
import exmachina as em
from PIL import Image
from exmachina.classifier import AnyImage
from exmachina.sklearn import DigitClassifier

def improve(folder: str) -> float:
    mine: em.Dataset = em.load_image_folder(folder)
    data, test = em.load_data("mnist")
    also = [*em.load_idx_folder(folder), em.load_csv("digits.csv")]
    train, _ = em.load_mnist()
    parts = em.split(train, 5000, seed=1)
    pixels = em.with_channels(em.scale(train.images[:2]), "channels_last")
    print(pixels.shape, em.one_hot(train.labels[:2]).sum(), len(also), em.__version__, len(data), test is None)
    network: em.Network = em.get_network("fast").replace("conv1", filters=8)
    recipe: em.Recipe = em.get_recipe("fast").replace(network=network, augmentation=em.Augmentation(shift=1))
    print(network.summary(), sorted(em.NETWORKS), sorted(em.RECIPES))
    event: em.Event
    for event in em.train(recipe, parts.train, seed=0, validation=parts.validation):
        if isinstance(event, em.TrainingStarted):
            print(event.steps + 1)
        elif isinstance(event, em.StepEnd | em.EpochEnd):
            print(f"{event.loss:.3f}", event.snapshot().interrupted)
    run: em.Run = em.fit(recipe, train, threads=1)
    for event in em.finetune(run, mine, train):
        if isinstance(event, em.TrainingEnd):
            run = event.run
    try:
        classifier = em.Classifier.from_run(run)
        many: list[AnyImage] = [em.normalize(em.read_image("a.png")), "b.png", Image.new("L", (9, 9))]
        answers: list[em.Prediction] = list(classifier.predict_many(many))
        table: list[em.FilePrediction] = list(em.predict_many("scans.zip", classifier, workers=1))
        print(table[0].problem or table[0].prediction)
        page: em.Page = em.read("page.jpg", classifier)
        print(page.table(), page.strings)
        print(DigitClassifier(recipe).fit(np.zeros((4, 784)), [0, 1, 0, 1]).predict_proba(np.zeros((1, 784))).sum())
    except em.InputError as error:
        raise SystemExit(str(error)) from None
    return answers[0].probability + (run.test_accuracy or 0.0)
"""

# A user's own, and what must be as in pyproject.toml for mypy to take its cache; this program calls neither of the two.
SETTINGS = """
[mypy]
python_version = 3.11
untyped_calls_exclude = nbformat, torch
[mypy-sklearn.*]
ignore_missing_imports = True
"""


@pytest.mark.long
@pytest.mark.slow
def test_a_users_program_and_the_readmes_have_no_type_errors(tmp_path: Path) -> None:
    readme = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert readme
    (tmp_path / "user.py").write_text(USER, encoding="utf-8")
    (tmp_path / "readme.py").write_text(readme[1], encoding="utf-8")
    (tmp_path / "mypy.ini").write_text(SETTINGS)
    cache = ROOT / ".mypy_cache"  # what `make test` learned of NumPy and our own modules; a copy, for others use it too
    if cache.is_dir():
        shutil.copytree(cache, tmp_path / ".mypy_cache")
    command = [sys.executable, "-m", "mypy", "--strict", "user.py", "readme.py"]
    environment = {**os.environ, "MYPYPATH": str(ROOT / "src")}
    checked = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_users_program_says_every_public_name() -> None:
    used = set(re.findall(r"\bem\.(\w+)", USER))
    assert used == set(exmachina.__all__)
