"""Ray Tune stops early what is behind; what ends has the accuracy of one machine."""

from __future__ import annotations

import json
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
GOOD, HOPELESS = 0.02, 1e-9  # learning rates


@pytest.fixture
def recipes(tiny_recipe: Recipe) -> dict[Any, Recipe]:
    return {rate: tiny_recipe.replace(learning_rate=rate, epochs=2.5) for rate in (GOOD, HOPELESS)}


@pytest.mark.long
@pytest.mark.xdist_group("ray")  # one cluster for all
def test_the_hopeless_are_stopped_and_the_others_end_as_on_one_machine(
    cluster: Any, recipes: dict[Any, Recipe], digits: Dataset, test_digits: Dataset, tmp_path: Path
) -> None:
    local = {(one.value, one.seed): one for one in run_trials(recipes, range(2), digits, test_digits)}
    answer: list[Any] = []
    before = signal.getsignal(signal.SIGINT)
    tuning.run_trials_stopping_early(recipes, range(2), digits, test_digits, answer.append)
    assert signal.getsignal(signal.SIGINT) is before
    assert sorted((one.value, one.seed) for one in answer) == sorted(local)
    ended = [one for one in answer if isinstance(one, Trial)]
    stopped = [one for one in answer if isinstance(one, StoppedTrial)]
    assert ended and {one.value for one in ended} == {GOOD}
    for one in ended:
        alone = local[one.value, one.seed]
        assert (one.accuracy, one.loss) == (alone.accuracy, alone.loss)
    assert {one.seed for one in stopped if one.value == HOPELESS} == {0, 1}
    assert all(one.epochs == 1 and 0 <= one.accuracy < 0.5 for one in stopped if one.value == HOPELESS)


@pytest.mark.long
@pytest.mark.xdist_group("ray")  # one cluster for all
def test_a_training_whose_process_dies_is_begun_anew_and_at_last_told(
    cluster: Any,
    recipes: dict[Any, Recipe],
    digits: Dataset,
    test_digits: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train = tuning._train

    def some_die(config: dict[str, int], jobs: Any, data: Any, held_out: Any) -> None:
        tried = len(list(tmp_path.glob(f"{config['job']}-*")))
        (tmp_path / f"{config['job']}-{tried}").touch()
        if config["job"] == 1 or not tried:
            os._exit(11)
        train(config, jobs, data, held_out)

    monkeypatch.setattr(tuning, "_train", some_die)
    answer: list[Any] = []
    tuning.run_trials_stopping_early({GOOD: recipes[GOOD]}, range(2), digits, test_digits, answer.append, retries=1)
    (first,) = [one for one in answer if isinstance(one, Trial)]
    (second,) = [one for one in answer if isinstance(one, FailedTrial)]
    assert (first.seed, second.seed) == (0, 1) and second.reason
    (alone,) = run_trials({GOOD: recipes[GOOD]}, [0], digits, test_digits)
    assert first.accuracy == alone.accuracy
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-0", "0-1", "1-0", "1-1"]


def test_ctrl_c_keeps_what_has_ended(
    cluster: Any, recipes: dict[Any, Recipe], digits: Dataset, test_digits: Dataset
) -> None:
    answer: list[Any] = []

    def tell(one: Any) -> None:
        answer.append(one)
        signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    tuning.run_trials_stopping_early({GOOD: recipes[GOOD]}, range(4), digits, test_digits, tell)
    assert 1 <= len(answer) < 4 and isinstance(answer[0], Trial)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tiny_recipe: Recipe, digits: Dataset) -> None:
    """`experiment` on a tiny network and few images."""
    monkeypatch.setattr("exmachina.training.get_recipe", lambda name: tiny_recipe.replace(epochs=2))
    monkeypatch.setattr("exmachina.data.load_mnist_split", lambda split: digits)
    monkeypatch.setattr("exmachina.cli.commands.experiment.HELD_OUT", 200)


@pytest.mark.usefixtures("small")
def test_text_and_json_say_who_was_stopped(cluster: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rates = f"learning_rate={GOOD},{HOPELESS}"
    command = ["experiment", "--vary", rates, "--seeds", "1", "--ray", "local", "--stop-early", "asha", "--json"]
    with pytest.raises(SystemExit) as left:
        main(command)
    output = capsys.readouterr()
    assert "Scheduler" not in output.out + output.err and "detailed results" not in output.out + output.err
    below = output.err.partition("without a final accuracy:")[2]
    assert f"learning_rate {HOPELESS}   seed 0   after 1 epoch, at " in below
    table = [line.split() for line in output.err.splitlines() if line.split()[:1] == [str(HOPELESS)]]
    assert [line[-2:] for line in table] == [["0", "1"]]
    answer = json.loads(output.out.splitlines()[-1])
    assert not left.value.code and [row["value"] for row in answer["rows"]] == [GOOD]
    (stopped,) = answer["stopped"]
    assert (stopped["value"], stopped["seed"], stopped["accuracy"]) == (HOPELESS, 0, None)
    assert stopped["stopped_after_epochs"] == 1 and 0 <= stopped["accuracy_then"] <= 1


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
