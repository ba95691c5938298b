"""A real cluster: the same numbers as on one machine, though a node is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

import strips
from exmachina import predict_many
from exmachina.classifier import Classifier
from exmachina.cli import main
from exmachina.cluster import portions, predictions, trials, tuning
from exmachina.cluster.connection import connected
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.reading.pages import read_rows
from exmachina.training import Recipe
from exmachina.training.experiment import Trial, run_trials, train_job

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.filterwarnings("default")]  # Ray's own warnings


def test_a_sweep_loses_nothing_when_a_node_is_killed(
    cluster: Any, victim: Any, tiny_recipe: Recipe, digits: Dataset, test_digits: Dataset
) -> None:
    recipes = {rate: tiny_recipe.replace(learning_rate=rate, epochs=8) for rate in (0.005, 0.02)}
    local = {(one.value, one.seed): one for one in run_trials(recipes, range(4), digits, test_digits)}
    result: list[Trial] = []
    for trial in trials.run_trials(recipes, range(4), digits, test_digits):
        assert isinstance(trial, Trial)
        if not result:
            cluster.remove_node(victim, allow_graceful=False)  # its training is under way
        result.append(trial)
    assert len(result) == 8
    for trial in result:
        alone = local.pop((trial.value, trial.seed))
        assert (trial.accuracy, trial.loss) == (alone.accuracy, alone.loss)


def rows_of(folder: Path) -> list[tuple[Any, ...]]:
    return sorted(tuple(row.values()) for row in pyarrow.parquet.read_table(folder).to_pylist())


def test_a_picture_of_several_digits_is_told_as_such(expected: list[tuple[Any, ...]]) -> None:
    assert [Path(row[0]).name for row in expected if row[4]] == ["_0011.png"]


@pytest.fixture(scope="module")
def expected(pictures: Path) -> list[tuple[Any, ...]]:
    rows = []
    for one in predict_many(pictures, "fast", workers=1):
        answer = one.prediction
        read = (answer.digit, answer.probability, answer.rejected, answer.several) if answer else (None,) * 4
        rows.append((one.path, *read, one.problem or None))
    return sorted(rows)


def test_a_batch_loses_nothing_when_a_node_is_killed(
    cluster: Any,
    victim: Any,
    pictures: Path,
    tmp_path: Path,
    expected: list[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    doomed = victim.node_id

    class SlowReader(predictions.Reader):
        """Says on which node it is at work; the victim does not come to an end, and others wait until it has begun."""

        def __call__(self, block: Any) -> Any:
            import ray

            own = ray.get_runtime_context().get_node_id()
            (marks / own).touch()
            while own == doomed or not (marks / doomed).exists():
                time.sleep(0.05)
            return super().__call__(block)

    monkeypatch.setattr(predictions, "Reader", SlowReader)
    monkeypatch.setattr(predictions, "PATHS", 50)
    monkeypatch.setattr(predictions, "TOGETHER", 50)

    def kill_when_at_work() -> None:
        while not (marks / doomed).exists():
            time.sleep(0.05)
        cluster.remove_node(victim, allow_graceful=False)

    killer = Thread(target=kill_when_at_work, daemon=True)
    killer.start()
    out = tmp_path / "out.parquet"
    written = predictions.predict_on_cluster(Classifier.load("fast"), [pictures], str(out))
    killer.join()
    assert (written.rows, written.problems) == (400, 2)
    assert rows_of(out) == expected
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["marks", "out.parquet"]


def test_a_killed_driver_goes_on_where_it_was(
    cluster: Any, pictures: Path, tmp_path: Path, expected: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = tmp_path / "reads"
    reads.mkdir()

    class CountedReader(predictions.Reader):
        def __call__(self, block: Any) -> Any:
            (reads / f"{len(block)}-{uuid4()}").touch()
            return super().__call__(block)

    close, closed = portions.Portions.close, []

    def killed(self: portions.Portions, number: int, blocks: Any, prefix: str) -> None:
        closed.append(number)
        if len(closed) == 2:
            raise KeyboardInterrupt  # at the worst moment: all of it is written, and nothing says so
        close(self, number, blocks, prefix)

    monkeypatch.setattr(predictions, "Reader", CountedReader)
    monkeypatch.setattr(predictions, "PATHS", 50)
    monkeypatch.setattr(predictions, "BLOCKS", 4)
    monkeypatch.setattr(portions.Portions, "close", killed)
    out, classifier = tmp_path / "out.parquet", Classifier.load("fast")
    with pytest.raises(KeyboardInterrupt):
        predictions.predict_on_cluster(classifier, [pictures], str(out))
    assert not out.exists()
    begun = tmp_path / ".out.parquet.part" / portions.BEGUN
    whole = begun.read_text()
    begun.write_text(whole.replace('"several", ', ""))  # by a version that did not tell of it
    with pytest.raises(InputError, match="other columns; delete it"):
        predictions.predict_on_cluster(classifier, [pictures], str(out))
    begun.write_text(whole)
    classifier.temperature *= 2
    with pytest.raises(InputError, match="begun with another network"):
        predictions.predict_on_cluster(classifier, [pictures], str(out))
    classifier.temperature /= 2
    written = predictions.predict_on_cluster(classifier, [pictures], str(out))
    assert (written.rows, written.problems) == (400, 2)
    assert rows_of(out) == expected
    assert not [file.name for file in out.iterdir() if not file.name.endswith(".parquet")]
    assert closed == [0, 1, 1]
    assert sum(int(read.name.partition("-")[0]) for read in reads.iterdir()) == 600  # the second half twice


def test_parquet_is_read_like_files(
    cluster: Any, pictures: Path, tmp_path: Path, expected: list[tuple[Any, ...]]
) -> None:
    paths = sorted(map(str, pictures.iterdir()))
    held = pyarrow.table({"path": paths, "content": [Path(path).read_bytes() for path in paths], "more": paths})
    pyarrow.parquet.write_table(held, tmp_path / "in.parquet")
    out = tmp_path / "out.parquet"
    written = predictions.predict_on_cluster(Classifier.load("fast"), [tmp_path / "in.parquet"], str(out))
    assert (written.rows, written.problems) == (400, 2)
    assert rows_of(out) == expected


def test_addresses_are_read_like_files(
    cluster: Any, pictures: Path, tmp_path: Path, expected: list[tuple[Any, ...]]
) -> None:
    distant, out = f"file://{pictures}", tmp_path / "out.parquet"
    written = predictions.predict_on_cluster(Classifier.load("fast"), [distant], f"file://{out}")
    assert (written.rows, written.problems) == (400, 2)
    assert [row[1:5] for row in rows_of(out)] == [row[1:5] for row in expected]
    assert {row[0] for row in rows_of(out)} == {f"{distant}/{Path(row[0]).name}" for row in expected}


def test_pages_are_read_as_on_one_machine(cluster: Any, tmp_path: Path) -> None:
    whole = strips.mnist_hand()
    hand = strips.Hand("first", whole.cuts[:200], whole.labels[:200])
    for number in range(2):
        Image.fromarray(strips.make_page(hand, 2, 2, seed=number)[0]).save(tmp_path / f"{number}.png")
    (tmp_path / "2.png").write_bytes(b"no picture")
    classifier, paths = Classifier.load("fast"), [str(tmp_path / f"{number}.png") for number in range(3)]
    written = predictions.predict_on_cluster(classifier, paths, str(tmp_path / "out.parquet"), pages=True)
    expected = [row for path in paths for row in read_rows(path, None, classifier)]
    assert (written.rows, written.problems) == (len(expected), 1)
    assert rows_of(tmp_path / "out.parquet") == sorted(expected)


@pytest.mark.parametrize(
    ("source", "words"), [("a.zip", "is an archive"), ("file:///nowhere", "cannot be listed"), ("empty", "no PNG")]
)
def test_what_a_cluster_cannot_read_is_refused(cluster: Any, source: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    where = source if "/" in source else str(tmp_path / source)
    with pytest.raises(InputError, match=words):
        predictions.predict_on_cluster(Classifier.load("fast"), [where], str(tmp_path / "o.parquet"))
    (tmp_path / "there.parquet").mkdir()
    with pytest.raises(InputError, match="exists"):
        predictions.predict_on_cluster(Classifier.load("fast"), [where], str(tmp_path / "there.parquet"))


def test_a_training_that_cannot_be_done_leaves_the_rest_of_the_table(
    cluster: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:

    def some_die(job: Any, data: Any, held_out: Any) -> Any:
        if job.seed == 1:
            os._exit(11)
        return train_job(job, data, held_out, threads=1)

    monkeypatch.setattr(trials, "_train", some_die)
    monkeypatch.setattr(trials.run_trials, "__kwdefaults__", {"save": None, "retries": 1})
    with pytest.raises(SystemExit) as left:
        main(["train", "--epochs", "0.02", "--seeds", "3", "--ray", "local", "--json"])
    output = capsys.readouterr()
    answer = output.out.splitlines()[-1]  # a cluster that others began may tell of its losses at any time
    assert left.value.code == 1 and json.loads(answer)["seeds"] == [0, 2]
    assert "seed 1 failed" in output.err and "2 of 3 trainings ended" in output.err


def test_what_is_wrong_with_a_recipe_is_told_as_on_one_machine(
    cluster: Any, tiny_recipe: Recipe, digits: Dataset
) -> None:
    nothing = Dataset(digits.images[:0], digits.labels[:0], "nothing")
    with pytest.raises(InputError, match=r"^'nothing' holds no images\.$"):
        list(trials.run_trials({None: tiny_recipe}, [0], digits, nothing))


def test_who_is_connected_stays_so(cluster: Any) -> None:
    with connected("nobody-asks:1") as library:
        assert library.is_initialized()
    assert library.is_initialized()


def test_ctrl_c_keeps_what_has_ended(
    cluster: Any, recipes: dict[Any, Recipe], digits: Dataset, test_digits: Dataset
) -> None:
    good, _ = recipes
    answer: list[Any] = []

    def tell(one: Any) -> None:
        answer.append(one)
        signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    tuning.run_trials_stopping_early({good: recipes[good]}, range(4), digits, test_digits, tell)
    assert 1 <= len(answer) < 4 and isinstance(answer[0], Trial)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tiny_recipe: Recipe, digits: Dataset) -> None:
    """`experiment` on a tiny network and few images."""
    monkeypatch.setattr("exmachina.training.get_recipe", lambda name: tiny_recipe.replace(epochs=2))
    monkeypatch.setattr("exmachina.data.load_mnist_split", lambda split: digits)
    monkeypatch.setattr("exmachina.cli.commands.experiment.HELD_OUT", 200)


@pytest.mark.usefixtures("small")
def test_text_and_json_say_who_was_stopped(
    cluster: Any, recipes: dict[Any, Recipe], capsys: pytest.CaptureFixture[str]
) -> None:
    good, hopeless = recipes
    rates = f"learning_rate={good},{hopeless}"
    command = ["experiment", "--vary", rates, "--seeds", "1", "--ray", "local", "--stop-early", "asha", "--json"]
    with pytest.raises(SystemExit) as left:
        main(command)
    output = capsys.readouterr()
    assert "Scheduler" not in output.out + output.err and "detailed results" not in output.out + output.err
    below = output.err.partition("without a final accuracy:")[2]
    assert f"learning_rate {hopeless}   seed 0   after 1 epoch, at " in below
    table = [line.split() for line in output.err.splitlines() if line.split()[:1] == [str(hopeless)]]
    assert [line[-2:] for line in table] == [["0", "1"]]
    answer = json.loads(output.out.splitlines()[-1])
    assert not left.value.code and [row["value"] for row in answer["rows"]] == [good]
    (stopped,) = answer["stopped"]
    assert (stopped["value"], stopped["seed"], stopped["accuracy"]) == (hopeless, 0, None)
    assert stopped["stopped_after_epochs"] == 1 and 0 <= stopped["accuracy_then"] <= 1


@pytest.fixture(autouse=True)
def nothing_is_reported(cluster: Any) -> Iterator[None]:
    yield
    from ray._common.usage import usage_lib

    assert not usage_lib.usage_stats_enabled()
