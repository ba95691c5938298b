from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from statsmodels.stats.contingency_tables import mcnemar

from exmachina.errors import InputError
from exmachina.evaluation.statistics.comparison import compare, exact_p_value, z_score

Labels = NDArray[np.int64]


def predictions(n12: int, n21: int, both: int = 5, n: int = 1_000) -> tuple[Labels, Labels, Labels]:
    """Labels of zero and two networks with the given numbers of discordant images."""
    first, second = np.zeros(n, int), np.zeros(n, int)
    first[: both + n12] = 1
    second[:both] = 2
    second[both + n12 : both + n12 + n21] = 3
    return first, second, np.zeros(n, int)


@pytest.mark.parametrize(("n12", "n21"), [(0, 1), (4, 0), (10, 3), (30, 30), (40, 21), (7, 120)])
def test_exact_p_value_agrees_with_statsmodels(n12: int, n21: int) -> None:
    assert exact_p_value(n12, n21) == pytest.approx(mcnemar([[9, n12], [n21, 9]], exact=True).pvalue)


@pytest.mark.parametrize(("n12", "n21"), [(4, 0), (40, 21), (7, 120)])
def test_z_squared_is_statsmodels_chi_square(n12: int, n21: int) -> None:
    expected = mcnemar([[9, n12], [n21, 9]], exact=False, correction=False).statistic
    assert z_score(n12, n21) ** 2 == pytest.approx(expected)
    assert np.sign(z_score(n12, n21)) == np.sign(n12 - n21)


def test_discordant_images_are_those_that_one_alone_misses() -> None:
    result = compare(*predictions(4, 2))
    assert result.first_only_wrong.tolist() == [5, 6, 7, 8]
    assert result.second_only_wrong.tolist() == [9, 10]
    assert (result.errors, result.both_wrong) == ((9, 7), 5)


def test_a_clear_difference_is_told_in_words() -> None:
    result = compare(*predictions(40, 10), names=("fast", "accurate"))
    assert result.significant
    assert result.verdict.startswith("accurate is better than fast (15 against 45 mistakes on 1,000 images)")


def test_a_difference_that_may_be_luck_is_told_in_words() -> None:
    result = compare(*predictions(6, 4))
    assert not result.significant
    assert "may be luck" in result.verdict
    assert result.verdict.startswith("The second made fewer mistakes than the first")


@pytest.mark.parametrize(("counts", "words"), [((0, 0), "miss the same 5"), ((8, 8), "nothing says that either")])
def test_equal_networks_are_called_equal(counts: Any, words: str) -> None:
    result = compare(*predictions(*counts))
    assert words in result.verdict
    assert (result.p_value, result.z) == (1, 0)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((1, 0), "nearly always (1 image told apart, p = 1)"),
        ((7, 4), "every other time (11 images told apart, p = 0.55)"),
        ((12, 3), "about once in 28 comparisons"),
        ((40, 10), "less than once in 1,000 comparisons"),
    ],
)
def test_chance_is_told_in_words(counts: Any, words: str) -> None:
    assert words in compare(*predictions(*counts)).verdict


def test_a_stricter_level_asks_for_more() -> None:
    assert compare(*predictions(12, 3)).significant
    assert not compare(*predictions(12, 3), level=0.99).significant
    with pytest.raises(InputError, match="level of 2"):
        compare(*predictions(1, 1), level=2)
