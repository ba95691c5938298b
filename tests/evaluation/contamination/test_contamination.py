"""Honest runs are clear, and each kind of cheat is called by its name; what is measured agrees with SciPy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, mannwhitneyu, norm

from exmachina.classifier import Classifier
from exmachina.data import Dataset, load_mnist
from exmachina.engine import initial_weights
from exmachina.evaluation import Evaluation
from exmachina.evaluation.contamination import Contamination, Evidence, look_for_contamination
from exmachina.evaluation.contamination.claims import resemblance
from exmachina.evaluation.contamination.labels import HONEST, agreement_distribution
from exmachina.evaluation.contamination.memory import Memory, contrast, degrees, held_out_looks_learned
from exmachina.evaluation.contamination.memory import test_looks_learned as looks_learned
from exmachina.evaluation.contamination.result import CANNOT_KNOW, LEVEL, combine
from exmachina.evaluation.datasets.label_votes import REJECTED_LABELS, corrected_labels
from exmachina.report import first_page
from exmachina.report.sections.selection_bias import contamination_section
from exmachina.runs import Run
from exmachina.training import Recipe

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def sets() -> tuple[Dataset, Dataset]:
    return load_mnist()


@pytest.fixture(scope="module")
def run() -> Run:
    return Run.load("fast")


@pytest.fixture(scope="module")
def logits(run: Run, sets: tuple[Dataset, Dataset]) -> np.ndarray:
    return Classifier.from_run(run).logits(sets[1].images)


@pytest.fixture(scope="module", autouse=True)
def each_network_reads_once() -> Iterator[None]:
    """What a network says of MNIST's 60,000 is kept: only its record differs from test to test."""
    read = Classifier.logits
    kept: dict[tuple[bytes, ...], np.ndarray] = {}

    def logits(self: Classifier, images: np.ndarray) -> np.ndarray:
        key = *(values.tobytes() for values in self.weights.values()), sha256(images.tobytes()).digest()
        if key not in kept:
            kept[key] = read(self, images)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Classifier, "logits", logits)
        yield


def suspected(result: Contamination) -> list[str]:
    assert result.suspected == bool(result.reasons) == (result.p_value < LEVEL)
    return [one.name for one in result.evidence if one.says in result.reasons]


@pytest.mark.parametrize("name", ["fast", "classic"])
def test_shipped_runs_are_clear(name: str, sets: tuple[Dataset, Dataset]) -> None:
    run = Run.load(name)
    result = look_for_contamination(run, Classifier.from_run(run).logits(sets[1].images), *sets)
    assert suspected(result) == [] and result.unknown == CANNOT_KNOW
    assert sum(one.p_value is not None for one in result.evidence) >= 4


def test_labels_that_people_rejected_give_away_who_learned_them(
    run: Run, logits: np.ndarray, sets: tuple[Dataset, Dataset]
) -> None:
    indices = list(REJECTED_LABELS)
    learned = logits.copy()
    learned[indices, sets[1].labels[indices]] = 50
    assert "rejected labels" in suspected(look_for_contamination(run, learned, *sets))
    corrected = logits.copy()
    corrected[indices, corrected_labels(sets[1].labels)[indices]] = 50
    assert "rejected labels" not in suspected(look_for_contamination(run, corrected, *sets))


def test_a_test_set_that_was_learned_with_corrected_labels_is_noticed(
    run: Run, logits: np.ndarray, sets: tuple[Dataset, Dataset]
) -> None:
    learned = logits.copy()
    learned[np.arange(10_000), corrected_labels(sets[1].labels)] += 2
    assert "test against training images" in suspected(look_for_contamination(run, learned, *sets))


def test_a_record_that_lies_is_called_by_name(run: Run, logits: np.ndarray, sets: tuple[Dataset, Dataset]) -> None:
    lies = {
        "recorded figures": replace(run, test_accuracy=0.9965),
        "the seed": replace(run, seed=777_777),
        "images of the last epoch": replace(run, splits={**run.splits, "train": 59_000, "held_out": HELD_OUT}),
    }
    for test, lie in lies.items():
        assert test in suspected(look_for_contamination(lie, logits, *sets)), test


HELD_OUT = {"images": 1000, "seed": 3}


def test_weights_that_began_elsewhere_are_told_from_those_of_their_seed(run: Run) -> None:
    assert resemblance(run, run.seed) > 20 and abs(resemblance(run, 5)) < 4
    begun = replace(run, weights=initial_weights(run.network, 7))
    assert resemblance(begun, 7) > 1000


def test_a_recipe_of_ones_own_may_forget_its_seed(tiny_recipe: Recipe, tiny_run: Run, digits: Dataset) -> None:
    strange = replace(tiny_run, seed=4_000_000, weights=initial_weights(tiny_run.network, 5_000_000))
    scores = np.eye(10)[digits.labels] * 10
    result = look_for_contamination(strange, scores, digits, digits)
    assert suspected(result) == []
    assert any(one.name == "the seed" and one.p_value is None for one in result.evidence)


def test_images_that_nobody_graded_cost_no_other_test(tiny_run: Run, digits: Dataset, test_digits: Dataset) -> None:
    scores = Classifier.from_run(tiny_run).logits(test_digits.images)
    result = look_for_contamination(tiny_run, scores, digits, test_digits)
    assert suspected(result) == []
    assert {one.name for one in result.evidence if one.p_value is not None} >= {"the seed"}


def test_one_stratum_is_mann_and_whitneys_test() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, 200), rng.normal(0.3, 1, 100)
    strata = np.zeros(200, np.uint8)
    z = contrast(first, strata, second, strata[:100])
    expected = mannwhitneyu(first, second, alternative="less", method="asymptotic", use_continuity=False).pvalue
    assert norm.sf(z) == pytest.approx(expected, rel=1e-6)
    assert contrast(first, strata, second[:0], strata[:0]) == 0


def test_groups_that_differ_in_difficulty_alone_are_not_told_apart() -> None:
    rng, scores = np.random.default_rng(0), []
    for _ in range(100):
        strata = np.concatenate([rng.integers(0, 20, 500), rng.integers(5, 20, 300)]).astype(np.uint8)
        values = strata + rng.exponential(1, 800)
        scores.append(contrast(values[:500], strata[:500], values[500:], strata[500:]))
    assert abs(np.mean(scores)) < 0.4 and np.std(scores) == pytest.approx(1, abs=0.2)


def test_equal_rates_give_the_binomial() -> None:
    np.testing.assert_allclose(agreement_distribution([0.3] * 15), binom.pmf(np.arange(16), 15, 0.3), atol=1e-12)
    assert HONEST.keys() == REJECTED_LABELS.keys()
    assert agreement_distribution(list(HONEST.values()))[7:].sum() > 0.2  # what `accurate` repeats is nothing unusual


def test_images_called_held_out_must_look_new(sets: tuple[Dataset, Dataset]) -> None:
    hardness, test_hardness = degrees(*sets)
    rng = np.random.default_rng(0)
    learned = np.arange(50_000)
    for new in (False, True):
        train = rng.exponential(1, 60_000)
        train[50_000 if new else 60_000 :] += 0.5
        memory = Memory(train, rng.exponential(1, 10_000) + 0.5, hardness, test_hardness)
        p_value = held_out_looks_learned(memory, learned).p_value
        assert p_value is not None and (p_value > 0.05) == new
        assert (looks_learned(memory, learned).p_value or 0) > 0.5


def test_p_values_are_corrected_for_their_number_and_the_missing_do_not_count() -> None:
    evidence = [Evidence("a", 0.002, "one"), Evidence("b", 1.0, "two"), Evidence("c", None, "three")]
    assert combine(evidence).p_value == pytest.approx(0.004) and combine(evidence).reasons == ("one",)
    assert not combine([*evidence, Evidence("d", 1.0, "four")]).suspected
    assert combine([]).p_value == 1 and not combine([]).suspected


def test_the_first_sentence_says_it(tiny_run: Run, judge: Callable[..., Evaluation]) -> None:
    evaluation = judge(tiny_run, name="tiny")
    assert isinstance(evaluation.contamination, Contamination)
    assert first_page(evaluation).fit
    lies = combine([Evidence("figures", 0.0, "its record claims more than it has")])
    page = first_page(replace(evaluation, contamination=lies))
    assert not page.fit and page.headline.startswith("Do not trust")
    assert "its record claims more than it has" in page.sentences[0] and "no honest run" in page.sentences[0]
    section = contamination_section(replace(evaluation, contamination=lies))
    assert "not to be trusted" in str(section.finding)


def test_what_the_docs_claim_of_false_alarms_is_what_was_measured() -> None:
    measured = json.loads((ROOT / "benchmarks" / "results" / "contamination.json").read_text())
    honest, cheats = measured["honest"], measured["cheats"]
    assert honest["false_alarms"] == [] and honest["n"] >= 500
    # None of n: what happens more often than this would have shown, with 95 % confidence.
    assert honest["at_most"] == pytest.approx(1 - 0.05 ** (1 / honest["n"]))
    answer = sum(one["suspected"] for one in cheats.values())
    words = (ROOT / "docs" / "evaluation.md").read_text()
    assert f"0 of {honest['n']} honest runs" in words and f"at most {honest['at_most']:.2%}" in words
    assert f"{answer} of {len(cheats)} cheats" in words
