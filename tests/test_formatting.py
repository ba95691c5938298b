"""One rounding everywhere: the vectors that node's tests read as well."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import exmachina
from exmachina.formatting import percent, share, unspaced

VECTORS = json.loads((Path(__file__).parent / "percentages.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["text"])
def test_percentages_are_those_of_the_page(vector: dict[str, object]) -> None:
    fraction, places = vector["fraction"], vector["places"]
    assert isinstance(fraction, int | float) and isinstance(places, int)
    assert percent(fraction, places).replace("\u202f", " ") == vector["text"]


def test_two_decimals_where_errors_are_small_and_never_a_certainty_that_is_not_there() -> None:
    texts = [percent(value).replace("\u202f", " ") for value in (0, 0.00001, 0.0089, 0.5, 0.9911, 0.999999, 1)]
    assert texts == ["0 %", "< 0.01 %", "0.89 %", "50.0 %", "99.11 %", "99.99 %", "100 %"]


def test_a_terminal_reads_the_same_percentage_without_its_space() -> None:
    assert [share(value) for value in (0.00001, 0.0089, 0.5, 0.999999, 1)] == [
        "<0.01%",
        "0.89%",
        "50.0%",
        "99.99%",
        "100%",
    ]
    assert share(0.999999, 3) == "99.999%" and share(0.125, 0) == "13%"
    assert unspaced("reads 99.07\u202f% in 3\u202fs") == "reads 99.07% in 3\u202fs"


BY_HAND = re.compile(r":[.\d>]*%\}|\* 100\b.*%|100 \*[^\"']*\} ?%|\d?f\} ?%")


def test_no_module_writes_a_percentage_by_hand() -> None:
    """Lengths in a style sheet are the browser's; everything that people read goes through `formatting`."""
    source = Path(exmachina.__file__).parent
    result = [
        f"{path.relative_to(source)}:{number}"
        for path in source.rglob("*.py")
        if path.name != "formatting.py"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if BY_HAND.search(line) and "left:" not in line and "width:" not in line and "--s:" not in line
    ]
    assert not result
