"""The whole evaluation: its keys, its agreement with its parts and with scikit-learn, and networks that are broken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, precision_recall_fscore_support, roc_auc_score

from exmachina import Classifier, InputError
from exmachina.data import Dataset
from exmachina.evaluation import Evaluation, Missing, Progress, evaluate, to_json
from exmachina.evaluation.arrays import softmax
from exmachina.evaluation.inputs import Extent
from exmachina.evaluation.ood.non_digits import noise
from exmachina.evaluation.parts import NO_WRITERS
from exmachina.networks import Dense
from exmachina.runs import Run

pytestmark = pytest.mark.slow

Judge = Any  # the fixture of conftest.py: a run and options in, an Evaluation out


CONTRACT = (
    "accuracy accuracy_interval error_corrected error_unambiguous per_class confusion_matrix ece nll brier temperature "
    "risk_at_98_coverage conformal corruption mce ood attacks test_set_openings"
)


def test_json_has_every_key_of_the_contract_and_no_nan(dull_evaluation: Evaluation) -> None:
    summary = to_json(dull_evaluation)
    assert summary.keys() >= set(CONTRACT.split())
    assert summary["conformal"].keys() >= {"alpha", "coverage", "mean_size"}
    assert all(one.keys() >= {"auroc", "fpr95"} for one in summary["ood"].values())
    assert len(summary["corruption"]) == 15
    assert len(json.dumps(summary, allow_nan=False)) < 300_000  # findings, and no pictures


def test_numbers_agree_with_scikit_learn(dull_evaluation: Evaluation, dull_run: Run, test_digits: Dataset) -> None:
    probabilities = softmax(Classifier.from_run(dull_run).logits(test_digits.images))
    labels, read = test_digits.labels, probabilities.argmax(axis=1)
    summary = to_json(dull_evaluation)
    assert summary["accuracy"] == pytest.approx(accuracy_score(labels, read))
    assert summary["nll"] == pytest.approx(log_loss(labels, probabilities), rel=1e-6)
    assert summary["confusion_matrix"] == confusion_matrix(labels, read).tolist()
    f1 = precision_recall_fscore_support(labels, read, zero_division=0)[2]
    assert [one["f1"] for one in summary["per_class"]] == pytest.approx(f1)


def test_out_of_distribution_scores_agree_with_scikit_learn(
    dull_evaluation: Evaluation, dull_run: Run, test_digits: Dataset, small: Extent
) -> None:
    classifier = Classifier.from_run(dull_run)
    non_digits = noise(small.non_digits, np.random.default_rng([0, 4, 1]))
    scores = [softmax(classifier.logits(images)).max(axis=1) for images in (test_digits.images, non_digits)]
    truth = np.repeat([1, 0], [len(test_digits), len(non_digits)])
    assert to_json(dull_evaluation)["ood"]["noise"]["auroc"] == pytest.approx(
        roc_auc_score(truth, np.concatenate(scores))
    )


def test_what_is_missing_says_why(dull_evaluation: Evaluation) -> None:
    summary = to_json(dull_evaluation)
    assert isinstance(dull_evaluation.labels, Missing) and summary["error_corrected"] is None
    assert summary["missing"]["writers"] == NO_WRITERS
    assert "not MNIST's test set" in summary["missing"]["labels"]
    assert summary["mce"] is None and "--reference" in summary["mce_reference"]


def test_the_reference_itself_has_an_mce_of_100(dull_run: Run, judge: Judge) -> None:
    result = judge(dull_run, reference=("itself", Classifier.from_run(dull_run)))
    summary = to_json(result)
    assert min(summary["corruption"].values()) > 0
    assert summary["mce"] == pytest.approx(100) and summary["mce_reference"] == "itself"


def test_the_same_seed_gives_the_same_numbers(dull_run: Run, judge: Judge) -> None:
    first, second = (to_json(judge(dull_run, seed=3, anew=True)) for _ in range(2))
    changing = {"setting", "test_set_openings", "networks_that_looked", "accuracy_interval_corrected"}
    for name in first.keys() - changing - {"findings"}:
        assert first[name] == second[name], name


def test_every_evaluation_opens_the_test_set_once_and_only_other_networks_widen_the_interval(
    dull_run: Run, judge: Judge, tmp_path: Path
) -> None:
    first, again = (judge(dull_run, log_folder=tmp_path) for _ in range(2))
    other = judge(replace(dull_run, weights={k: v * 1.01 for k, v in dull_run.weights.items()}), log_folder=tmp_path)
    assert [one.opening.openings for one in (first, again, other)] == [1, 2, 3]
    assert again.accuracy_corrected.low == first.metrics.accuracy.low
    assert other.accuracy_corrected.low < other.metrics.accuracy.low


def test_a_log_that_cannot_be_written_is_only_a_warning(dull_run: Run, judge: Judge, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = judge(dull_run, log_folder=tmp_path / "file")
    assert result.opening.warning and not result.opening.recorded
    assert to_json(result)["test_set_openings"] == 1


def test_a_full_evaluation_cross_validates_and_trains_seeds_and_asks_no_test_label(dull_run: Run, judge: Judge) -> None:
    run = replace(dull_run, splits={**dull_run.splits, "train": 1000})
    result = judge(run, quick=False)
    summary = to_json(result)
    assert "had not learned" in result.setting.fitted_to
    assert summary["findings"]["seeds"]["seeds"] == [run.seed, run.seed + 1]
    assert summary["findings"]["data"]["train_suspects"]["n"] == 1000
    assert "leak" not in summary["missing"]  # too few images for it; what it gives for MNIST comes with the package


def test_progress_names_every_part_in_order(
    dull_run: Run, digits: Dataset, test_digits: Dataset, small: Extent
) -> None:
    items = list(evaluate(dull_run, digits, test_digits, quick=True, extent=small))
    numbers = [item.number for item in items if isinstance(item, Progress)]
    assert isinstance(items[0], Progress)
    assert numbers == sorted(numbers) and set(numbers) == set(range(1, items[0].total + 1))
    assert sum(isinstance(item, Evaluation) for item in items) == 1


@pytest.mark.parametrize("broken_run", ["nan", "zero", "random", "huge"], indirect=True)
def test_a_broken_network_is_evaluated_and_called_by_its_name(broken_run: Run, judge: Judge) -> None:
    result = judge(broken_run)
    summary = to_json(result)
    json.dumps(summary, allow_nan=False)
    if not np.isfinite(Classifier.from_run(broken_run).logits(np.full((1, 28, 28), 9, np.uint8))).all():
        assert summary["accuracy"] == 0 and "broken" in summary["broken"]
    elif summary["accuracy"] < 0.2:
        assert "does not read" in summary["broken"]


def test_an_empty_test_set_is_refused(dull_run: Run, digits: Dataset) -> None:
    with pytest.raises(InputError, match="0 test images"):
        next(evaluate(dull_run, digits, digits[:0]))


def test_the_shipped_reference_belongs_to_mnists_test_set_alone(test_digits: Dataset) -> None:
    from exmachina.data import load_mnist_split
    from exmachina.evaluation.robustness.corruptions import CORRUPTIONS
    from exmachina.evaluation.robustness.robustness import shipped_reference

    test = load_mnist_split("test")
    for size in (1_000, 10_000):
        result = shipped_reference(test[:size])
        assert result is not None and result.n == size and result.errors.keys() == CORRUPTIONS.keys()
    assert shipped_reference(test[:999]) is shipped_reference(test_digits) is shipped_reference(test, seed=1) is None


def test_a_part_that_breaks_is_missing_and_the_report_says_so(
    dull_run: Run, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    from exmachina.evaluation import parts
    from exmachina.report import render_page, report_json

    def broken(*arguments: object, **options: object) -> object:
        raise ArithmeticError("no such quotient")

    # Not only the parts that somebody thought of: any of them, the sets from elsewhere included.
    for name in ("measure_external", "audit_data", "explain_mistakes", "measure_curves"):
        monkeypatch.setattr(parts, name, broken)
    result = judge(dull_run)
    assert {"others", "data", "mistakes", "curves"} <= report_json(result)["missing"].keys()
    assert "no such quotient" in render_page(result)


def test_one_seed_alone_has_no_spread(dull_evaluation: Evaluation) -> None:
    from exmachina.evaluation.results import Seeds
    from exmachina.evaluation.statistics.intervals import over_seeds
    from exmachina.report.sections.seeds import seeds_section

    single = replace(dull_evaluation, seeds=Seeds((3,), (0.98,), over_seeds([0.98])))
    assert "±" not in str(seeds_section(single).finding)


def test_the_lessons_smaller_evaluation_says_the_same(dull_run: Run, judge: Judge, test_digits: Dataset) -> None:
    from exmachina.lesson.assess import assess

    run = replace(dull_run, temperature=2.0)
    large, small = to_json(judge(run)), assess(Classifier.from_run(run), test_digits)
    for key in ("n", "accuracy", "accuracy_interval", "per_class", "confusion_matrix"):
        assert small[key] == large[key], key
    assert small["nll"] == pytest.approx(large["nll"], rel=1e-6)
    assert small["reliability"]["ece"] == pytest.approx(large["ece"], rel=1e-6)


def test_a_network_that_knows_three_digits_is_not_called_fit(tiny_recipe: Any, digits: Dataset, judge: Judge) -> None:
    from exmachina.evaluation.statistics.cross_validation import train_one
    from exmachina.report import report_json

    few = digits[np.flatnonzero(digits.labels < 3)]
    summary = report_json(judge(train_one(tiny_recipe, few, 0)))
    assert not summary["fit_for_use"] and "3, 4, 5, 6, 7, 8, 9: these digits were not learned" in summary["broken"]


def test_the_reference_is_the_classic_that_ships() -> None:
    from exmachina.evaluation.results import Subject
    from exmachina.evaluation.robustness.robustness import REFERENCE

    # Measured from these very weights, so that `classic` counts as 100; else: python scripts/classic_errors.py
    assert json.loads(REFERENCE.read_text())["weights"] == Subject.of(Run.load("classic")).digest


def test_the_same_weights_under_another_name_are_the_same_network(dull_run: Run, judge: Judge, tmp_path: Path) -> None:
    for name in ("dull", "./dull", "runs/../dull"):
        result = judge(dull_run, name=name, log_folder=tmp_path)
    assert (result.opening.openings, result.opening.runs) == (3, 1)


def test_the_options_that_repeat_it_are_told(dull_run: Run, judge: Judge) -> None:
    result = judge(dull_run, seed=7, reference=("itself", Classifier.from_run(dull_run)))
    assert result.setting.options == "--quick --seed 7 --reference itself --data synthetic"


def test_a_network_of_fewer_classes_than_labels_is_refused_before_the_test_set_is_opened(
    tiny_run: Run, digits: Dataset, test_digits: Dataset, tmp_path: Path
) -> None:
    *layers, last = tiny_run.network.layers
    small = replace(tiny_run.network, layers=(*layers, Dense(last.name, "softmax", units=3)))
    weights = {
        name: array[..., :3] if name.startswith(last.name) else array for name, array in tiny_run.weights.items()
    }
    with pytest.raises(InputError, match="3 classes cannot be judged by labels up to 9"):
        evaluate(replace(tiny_run, network=small, weights=weights), digits, test_digits, log_folder=tmp_path)
    assert not list(tmp_path.iterdir())
