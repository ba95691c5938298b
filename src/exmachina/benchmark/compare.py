"""Run the contestants in alternation and sum up what was measured."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

from exmachina.benchmark.contestants import CONTESTANTS, REFERENCE, Contestant
from exmachina.benchmark.worker import Measured
from exmachina.errors import InputError

# What every contestant here goes by to leave wider vectors and bf16 unused: our engine, oneDNN (in TensorFlow and in
# PyTorch) and PyTorch's own kernels. It shows what a processor without them does, at this processor's clock and caches.
AVX2_ONLY = {"EXMACHINA_ENGINE": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
INSTRUCTIONS = ("best", "avx2")
ROUNDS = 5  # every contestant's runs are dealt over so many rounds, so that a slow minute hits them all


@dataclass(frozen=True)
class Row:
    """One contestant's result. Accuracies are fractions and `None` where only part of the steps was timed."""

    name: str
    about: str
    accuracy_mean: float | None
    accuracy_sd: float | None
    n: int
    train_seconds: float  # median of the runs
    train_seconds_sd: float | None
    cold_seconds: float
    ratio_to_keras: float | None  # how many times less time than the reference in this same benchmark
    ratio_range: tuple[float, float] | None  # the same, lowest and highest: of the rounds, or of our runs to its one
    threads: int
    precision: str
    device: str
    fraction: float
    accuracies: list[float] = field(default_factory=list)  # of every seed, none left out
    seeds: list[int] = field(default_factory=list)
    curve: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Progress:
    """A contestant's part of one round has ended."""

    round: int
    contestant: str
    seconds: list[float]


def compare_speed(
    names: Sequence[str] | None = None,
    *,
    quick: bool = False,
    curve: bool = False,
    precision: str = "auto",
    instructions: str = "best",
) -> Iterator[Progress | list[Row]]:
    """Measure the contestants; yields `Progress` and at last the rows. `instructions` avx2 forbids all others."""
    if instructions not in INSTRUCTIONS:
        raise InputError(f"Unknown instructions '{instructions}'. Choose one of: {', '.join(INSTRUCTIONS)}.")
    only_avx2 = instructions == "avx2"
    precision = "fp32" if only_avx2 and precision == "auto" else precision
    environment = {**os.environ, **AVX2_ONLY} if only_avx2 else dict(os.environ)
    contestants = _choose(names)
    runs: dict[str, list[list[Measured]]] = {item.name: [[] for _ in range(ROUNDS)] for item in contestants}
    for number in range(ROUNDS):
        for item in contestants:
            wanted = item.quick_runs if quick else item.runs
            seeds = list(range(number * wanted // ROUNDS, (number + 1) * wanted // ROUNDS))
            if not seeds:
                continue
            fraction = item.quick_fraction if quick else 1.0
            result = measure(item, seeds, environment, fraction=fraction, precision=precision)
            runs[item.name][number] = result
            yield Progress(number + 1, item.name, [one.seconds for one in result])
    reference = runs.get(REFERENCE, [])
    rows = []
    for item in contestants:
        own, theirs = _together(runs[item.name]), _together(reference)
        points = _curve(item, own, environment, precision) if curve else []
        rows.append(_row(item, own, theirs, _range(runs[item.name], reference), points))
    yield rows


def measure(
    contestant: Contestant,
    seeds: Sequence[int],
    environment: Mapping[str, str] | None = None,
    *,
    fraction: float,
    precision: str,
    curve: bool = False,
) -> list[Measured]:
    """Run one contestant in a fresh process. Raises `InputError` with its last line if it fails."""
    command = [sys.executable, "-m", "exmachina.benchmark.worker", contestant.name]
    command += ["--seeds", *map(str, seeds), "--fraction", str(fraction), "--precision", precision]
    command += ["--curve"] if curve else []
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if finished.returncode:
        reason = (finished.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"Contestant '{contestant.name}' failed: {reason}")
    return [Measured(**json.loads(line)) for line in finished.stdout.splitlines() if line.startswith("{")]


def _choose(names: Sequence[str] | None) -> list[Contestant]:
    known = {item.name: item for item in CONTESTANTS}
    for name in names or ():
        if name not in known:
            raise InputError(f"Unknown contestant '{name}'. Choose from: {', '.join(known)}.")
    chosen = [known[name] for name in names] if names else list(CONTESTANTS)
    for item in chosen:
        if item.needs and find_spec(item.needs) is None:
            raise InputError(
                f"'{item.name}' needs {item.needs}: pip install 'hello-ex-machina[bench]', "
                "or choose others with --only."
            )
    return chosen


def _curve(
    item: Contestant, runs: list[Measured], environment: Mapping[str, str], precision: str
) -> list[tuple[float, float]]:
    if item.peer is not None:
        return next((one.curve for one in runs if one.curve), [])
    return measure(item, [0], environment, fraction=1.0, precision=precision, curve=True)[0].curve


def _range(own: list[list[Measured]], reference: list[list[Measured]]) -> tuple[float, float] | None:
    """Lowest and highest ratio: round by round where both ran in each, else of each run to the reference's median."""
    if not any(reference):
        return None
    paired = [_median(theirs) / _median(ours) for ours, theirs in zip(own, reference, strict=True) if ours and theirs]
    if len(paired) < ROUNDS:
        paired = [_median(_together(reference)) / one.seconds for one in _together(own)]
    return min(paired), max(paired)


def _together(rounds: list[list[Measured]]) -> list[Measured]:
    return [one for round_ in rounds for one in round_]


def _median(runs: list[Measured]) -> float:
    return statistics.median(one.seconds for one in runs)


def _row(
    item: Contestant,
    runs: list[Measured],
    reference: list[Measured],
    ratio_range: tuple[float, float] | None,
    curve: list[tuple[float, float]],
) -> Row:
    accuracies = [one.accuracy for one in runs if one.accuracy is not None]
    seconds = [one.seconds for one in runs]
    return Row(
        name=item.name,
        about=item.about,
        accuracy_mean=statistics.mean(accuracies) if accuracies else None,
        accuracy_sd=statistics.stdev(accuracies) if len(accuracies) > 1 else None,
        n=len(runs),
        train_seconds=_median(runs),
        train_seconds_sd=statistics.stdev(seconds) if len(seconds) > 1 else None,
        cold_seconds=statistics.median(one.cold_seconds for one in runs),
        ratio_to_keras=_median(reference) / _median(runs) if reference else None,
        ratio_range=ratio_range,
        threads=runs[0].threads,
        precision=runs[0].precision,
        device=runs[0].device,
        fraction=runs[0].fraction,
        accuracies=accuracies,
        seeds=[one.seed for one in runs],
        curve=curve,
    )
