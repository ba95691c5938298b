"""Schemathesis against a running server: no request may break it, or be answered as its description does not say."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from fuzz_files import Tally
from fuzz_kinds import pictures
from hypothesis import HealthCheck, Phase, strategies

from exmachina.lesson.collection import Room
from exmachina.lesson.server import Limits, Settings
from lesson_server import serving

BINARY = ("application/zip", "image/png", "image/jpeg")
ANNOUNCED = (503, 507)  # full, and it says so
GENEROUS = Limits(room=Room(per_learner=200_000, bytes_per_learner=1 << 30))


for kind in BINARY:
    schemathesis.openapi.media_type(kind, strategies.binary(max_size=2000) | strategies.sampled_from(pictures()))


@schemathesis.serializer(*BINARY)
def as_it_is(context: Any, value: Any) -> bytes:
    """Bytes are sent as they are."""
    return bytes(value)


def fuzz_api(seconds: float, count: int, seed: int) -> Tally:
    """An equal part of the cases for every operation."""
    tally = Tally()
    until = time.monotonic() + seconds
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Settings(data_folder=Path(folder), limits=GENEROUS)) as lesson,
    ):
        schema = schemathesis.openapi.from_url(f"{lesson.address}/api/v1/openapi.json")
        operations: list[Any] = [operation.ok() for operation in schema.get_all_operations()]  # type: ignore[union-attr]
        each = max(1, min(count, 100_000) // len(operations))
        for operation in operations:
            _try_operation(operation, each, seed, until, tally)
    return tally


def _try_operation(operation: Any, each: int, seed: int, until: float, tally: Tally) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=each,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def run(case: Any) -> None:
        where = f"{operation.method.upper()} {operation.path}"
        if time.monotonic() > until and where in tally.answered:  # one case of each, however late it is
            return
        began = time.monotonic()
        response = case.call()
        tally.tried += 1
        tally.refused += response.status_code >= 400
        tally.slowest = max(tally.slowest, time.monotonic() - began)
        tally.answered[where] += response.status_code < 400
        if response.status_code >= 500 and response.status_code not in ANNOUNCED:
            tally.findings.append(f"{where}: {response.status_code} {response.text[:200]}")
        elif str(response.status_code) not in operation.definition.raw["responses"]:
            tally.findings.append(f"{where}: {response.status_code} is not in the description: {response.text[:200]}")
        elif response.status_code >= 400 and list(response.json()) != ["error"]:
            tally.findings.append(f"{where}: {response.text[:200]} is not one line")

    run()
