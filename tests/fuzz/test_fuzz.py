"""The short run: what was found before, and some hundred spoiled inputs of each kind."""

from __future__ import annotations

import pytest
from fuzz_api import fuzz_api
from fuzz_files import CORPUS, fuzz
from fuzz_kinds import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_spoiled_input_is_one_line_at_most(kind: str) -> None:
    known = len(list((CORPUS / kind).glob("*")))
    tally = fuzz(kind, seconds=60, count=known + 100, seed=1)
    assert tally.findings == [] and tally.tried == known + 100 and tally.refused > 10


def test_servers_description_is_kept() -> None:
    tally = fuzz_api(seconds=60, count=130, seed=1)
    assert tally.findings == [] and tally.tried > 60
