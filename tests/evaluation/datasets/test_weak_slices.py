"""Weak slices: the tests against SciPy's and statsmodels', and that looking everywhere is paid for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact
from statsmodels.stats.multitest import multipletests

from exmachina.data import Dataset
from exmachina.evaluation.datasets.weak_slices import find_weak_slices, holm


def test_corrections_agree_with_statsmodels(test_digits: Dataset) -> None:
    p_values = np.random.default_rng(0).beta(0.3, 1, 200)
    p_values[:10] = p_values[10:20]  # with ties
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
    read = test_digits.labels.copy()
    read[::7] = (read[::7] + 1) % 10
    result = find_weak_slices(test_digits.images, test_digits.labels, read, shown=10_000)
    assert len(result.slices) == result.total
    ours = [one.benjamini_hochberg for one in result.slices]
    assert ours == pytest.approx(multipletests([one.p_value for one in result.slices], method="fdr_bh")[1])


def test_p_values_are_fishers_and_the_binomial(test_digits: Dataset) -> None:
    generator = np.random.default_rng(1)
    read = test_digits.labels.copy()
    missed = generator.random(len(read)) < 0.1
    read[missed] = (read[missed] + 5) % 10
    wrong = read != test_digits.labels
    slices = find_weak_slices(test_digits.images, test_digits.labels, read, shown=10_000).slices
    threes = next(one for one in slices if one.name == "3s")
    inside = test_digits.labels == 3
    counts = [[(wrong & inside).sum(), (~wrong & inside).sum()], [(wrong & ~inside).sum(), (~wrong & ~inside).sum()]]
    assert threes.p_value == pytest.approx(fisher_exact(counts, alternative="greater").pvalue)
    pair = next(one for one in slices if one.name == "3 and 8")
    share = wrong[(test_digits.labels == 3) | (test_digits.labels == 8)].sum() / 9 / wrong.sum()
    expected = binomtest(pair.errors, int(wrong.sum()), share, alternative="greater").pvalue
    assert pair.p_value == pytest.approx(expected)
    assert pair.errors == (wrong & ((test_digits.labels == 3) | (test_digits.labels == 8))).sum()


def test_a_weak_slice_is_found_by_its_name(test_digits: Dataset) -> None:
    labels = test_digits.labels
    writers = np.arange(len(labels)) % 12
    read = labels.copy()
    read[writers == 7] = (labels[writers == 7] + 1) % 10
    result = find_weak_slices(test_digits.images, labels, read, writers)
    assert result.weak()[0].name == "writer 7" and result.weak()[0].error.value == 1
    assert result.looked["hand"] == 12 and result.certain >= 1
    # 4 and 9 taken for one another
    read = labels.copy()
    read[labels == 4], read[labels == 9] = 9, 4
    assert {"4s", "9s", "4 and 9"} <= {one.name for one in find_weak_slices(test_digits.images, labels, read).weak()}


def test_mistakes_that_fall_at_random_make_no_slice_weak_more_often_than_said(test_digits: Dataset) -> None:
    generator = np.random.default_rng(2)
    alarms = []
    for _ in range(40):
        read = test_digits.labels.copy()
        missed = generator.random(len(read)) < 0.05
        read[missed] = (read[missed] + generator.integers(1, 10, missed.sum())) % 10
        alarms.append(find_weak_slices(test_digits.images, test_digits.labels, read).certain > 0)
    assert np.mean(alarms) <= 0.05 + 2 * (0.05 * 0.95 / 40) ** 0.5


def test_no_mistake_no_slice(test_digits: Dataset) -> None:
    result = find_weak_slices(test_digits.images, test_digits.labels, test_digits.labels)
    assert result.weak() == () and result.certain == result.likely == 0
    assert all(one.p_value == 1 for one in result.slices)
