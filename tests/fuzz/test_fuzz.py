"""The short run: what was found before, and some hundred spoiled inputs of each kind."""

from __future__ import annotations

import pytest
from fuzz_files import CORPUS, fuzz
from fuzz_kinds import KINDS

from exmachina.lesson.server import create_app

pytestmark = pytest.mark.slow
PATIENCE = 600  # seconds; the number of cases is what ends it, on a busy machine too


@pytest.mark.parametrize("kind", KINDS)
def test_spoiled_input_is_one_line_at_most(kind: str) -> None:
    known = len(list((CORPUS / kind).glob("*")))
    tally = fuzz(kind, seconds=PATIENCE, count=known + 100, seed=1)
    assert tally.findings == [] and tally.tried == known + 100 and tally.refused > 10


@pytest.mark.long
def test_servers_description_is_kept() -> None:
    from fuzz_api import fuzz_api  # Schemathesis: seconds, which the other workers need not spend

    tally = fuzz_api(seconds=PATIENCE, count=130, seed=1)
    assert tally.findings == [] and tally.tried > 60
    paths = {
        f"{method.upper()} {path}" for path, methods in create_app().openapi()["paths"].items() for method in methods
    }
    assert tally.answered.keys() == paths and {"POST /api/v1/read", "POST /api/v1/predict"} <= paths
