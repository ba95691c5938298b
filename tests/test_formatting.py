"""One rounding everywhere: the vectors that node's tests read as well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exmachina.formatting import percent

VECTORS = json.loads((Path(__file__).parent / "percentages.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["text"])
def test_percentages_are_those_of_the_page(vector: dict[str, object]) -> None:
    fraction, places = vector["fraction"], vector["places"]
    assert isinstance(fraction, int | float) and isinstance(places, int)
    assert percent(fraction, places).replace("\u202f", " ") == vector["text"]


def test_two_decimals_where_errors_are_small_and_never_a_certainty_that_is_not_there() -> None:
    texts = [percent(value).replace("\u202f", " ") for value in (0, 0.00001, 0.0089, 0.5, 0.9911, 0.999999, 1)]
    assert texts == ["0 %", "< 0.01 %", "0.89 %", "50.0 %", "99.11 %", "99.99 %", "100 %"]
