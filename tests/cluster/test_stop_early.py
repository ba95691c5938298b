"""Ray Tune stops early what is behind; what ends has the accuracy of one machine."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from exmachina.cli import main
from exmachina.cluster import tuning
from exmachina.cluster.trials import FailedTrial
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.training import Recipe
from exmachina.training.experiment import Job, StoppedTrial, Trial, run_trials, train_job

pytestmark = pytest.mark.filterwarnings("default")  # Ray's own


@pytest.mark.long
def test_the_hopeless_are_stopped_and_the_others_end_as_on_one_machine(
    cluster: Any, recipes: dict[Any, Recipe], digits: Dataset, test_digits: Dataset, tmp_path: Path
) -> None:
    good, hopeless = recipes
    local = {(one.value, one.seed): one for one in run_trials(recipes, range(2), digits, test_digits)}
    answer: list[Any] = []
    before = signal.getsignal(signal.SIGINT)
    tuning.run_trials_stopping_early(recipes, range(2), digits, test_digits, answer.append)
    assert signal.getsignal(signal.SIGINT) is before
    assert sorted((one.value, one.seed) for one in answer) == sorted(local)
    ended = [one for one in answer if isinstance(one, Trial)]
    stopped = [one for one in answer if isinstance(one, StoppedTrial)]
    assert ended and {one.value for one in ended} == {good}
    for one in ended:
        alone = local[one.value, one.seed]
        assert (one.accuracy, one.loss) == (alone.accuracy, alone.loss)
    assert {one.seed for one in stopped if one.value == hopeless} == {0, 1}
    assert all(one.epochs == 1 and 0 <= one.accuracy < 0.5 for one in stopped if one.value == hopeless)


@pytest.mark.long
def test_a_training_whose_process_dies_is_begun_anew_and_at_last_told(
    cluster: Any,
    recipes: dict[Any, Recipe],
    digits: Dataset,
    test_digits: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train, (good, _) = tuning._train, recipes

    def some_die(config: dict[str, int], jobs: Any, data: Any, held_out: Any) -> None:
        tried = len(list(tmp_path.glob(f"{config['job']}-*")))
        (tmp_path / f"{config['job']}-{tried}").touch()
        if config["job"] == 1 or not tried:
            os._exit(11)
        train(config, jobs, data, held_out)

    monkeypatch.setattr(tuning, "_train", some_die)
    answer: list[Any] = []
    tuning.run_trials_stopping_early({good: recipes[good]}, range(2), digits, test_digits, answer.append, retries=1)
    (first,) = [one for one in answer if isinstance(one, Trial)]
    (second,) = [one for one in answer if isinstance(one, FailedTrial)]
    assert (first.seed, second.seed) == (0, 1) and second.reason
    (alone,) = run_trials({good: recipes[good]}, [0], digits, test_digits)
    assert first.accuracy == alone.accuracy
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-0", "0-1", "1-0", "1-1"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stop-early", "asha"], "--ray"),
        (["--stop-early", "luck", "--ray", "local"], "'luck'. Choose: asha"),
        (["--stop-early", "asha", "--ray", "local"], "more than an epoch"),  # `fast` trains less than one
    ],
)
def test_what_cannot_be_stopped_early_is_refused_in_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["experiment", "--vary", "learning_rate=0.01,0.02", *arguments])
    output = capsys.readouterr()
    assert (left.value.code, output.out, output.err.count("\n")) == (2, "", 1) and words in output.err


def test_an_epoch_is_told_of_with_the_held_out_accuracy(
    tiny_recipe: Recipe, digits: Dataset, test_digits: Dataset
) -> None:
    ends: list[Any] = []
    recipe = tiny_recipe.replace(epochs=2)
    (answer,) = run_trials({None: recipe}, [0], digits, test_digits)
    done = train_job(Job(None, recipe, 0), digits, test_digits, 1, at_epoch=ends.append)
    assert done is not None and done[0].accuracy == answer.accuracy
    assert [end.epoch for end in ends] == [1, 2] and ends[1].validation_accuracy == answer.accuracy
    with pytest.raises(InputError, match="no epoch's end"):
        tuning.check_stoppable("asha", {None: tiny_recipe.replace(epochs=0.5)}, digits)
