"""A user's script that uses every public name passes `mypy --strict`: the types are part of the promise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import exmachina

SCRIPT = """
import sys

import exmachina as xm

train, test = xm.load_mnist()
parts = xm.split(train, 5_000, seed=0)
recipe: xm.Recipe = xm.get_recipe("fast").replace(epochs=0.2, shift=1)
recipe = xm.Recipe.from_json(recipe.to_json())
print(sorted(xm.RECIPES), sorted(xm.NETWORKS), xm.__version__, xm.Augmentation(shift=1))
network: xm.Network = xm.get_network("classic")
print(network.parameters, [step.output_shape for step in network.steps()])
run: xm.Run | None = None
event: xm.Event
for event in xm.train(recipe, parts.train, seed=0, validation=parts.validation, test=test):
    if isinstance(event, xm.TrainingStarted):
        print(event.steps, event.precision)
    elif isinstance(event, xm.StepEnd):
        print(event.step, event.loss, event.accuracy)
    elif isinstance(event, xm.EpochEnd):
        print(event.epoch, event.validation_accuracy)
    elif isinstance(event, xm.TrainingEnd):
        run = event.run
assert run is not None
classifier = xm.Classifier.from_run(run)
prediction: xm.Prediction = classifier.predict(xm.normalize(xm.read_image("seven.png")))
print(prediction.digit, prediction.probability, xm.with_channels(xm.scale(test.images)).shape)
print(xm.one_hot(test.labels).sum(axis=0), classifier.accuracy(test.images, test.labels))
data: xm.Dataset = xm.load_csv("mine.csv")
try:
    others = (xm.load_data("folder"), xm.load_idx_folder("idx"), xm.load_image_folder("images"))
except xm.InputError as error:
    sys.exit(str(error))
"""


def test_a_script_with_every_public_name_passes_mypy_strict(tmp_path: Path) -> None:
    assert [name for name in exmachina.__all__ if f"xm.{name}" not in SCRIPT] == []
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    # As for a user: the installed package with its own py.typed, none of this repository's settings.
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", str(script)]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
