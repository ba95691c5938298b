"""One contestant in a process of its own: `python -m exmachina.benchmark.worker NAME --seeds 0 1 2`.

Prints a JSON line per run. The clock of a run starts with uint8 arrays in memory and stops after one full test
evaluation; imports are the cold start, reported apart. Nothing is warmed up: the first training of the process counts.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass, field
from importlib import import_module

from exmachina.benchmark.contestants import CONTESTANTS

WARM_UP = 10  # steps before the clock of a part starts: what happens once must not be scaled up


@dataclass
class Measured:
    """One timed training. With `fraction` below 1 only that part of the steps ran, and there is no accuracy."""

    seed: int
    seconds: float
    accuracy: float | None
    fraction: float = 1.0
    threads: int = 1
    precision: str = "fp32"
    device: str = "cpu"
    cold_seconds: float = 0.0
    curve: list[tuple[float, float]] = field(default_factory=list)  # (seconds of training, test accuracy)


def main() -> None:
    """Run the contestant that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=[contestant.name for contestant in CONTESTANTS])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--fraction", type=float, default=1.0)
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--precision", default="auto")
    options = parser.parse_args()
    contestant = next(item for item in CONTESTANTS if item.name == options.name)
    start = time.perf_counter()
    if contestant.peer is not None:
        module = import_module(f"exmachina.benchmark.peers.{contestant.peer}")
        cold = time.perf_counter() - start
        for seed in options.seeds:
            report(module.run(seed, options.fraction), cold)
        return
    from exmachina.benchmark import ours

    cold = time.perf_counter() - start
    for seed in options.seeds:
        run = ours.run(
            contestant.recipe, seed, options.fraction, options.precision, contestant.backend, curve=options.curve
        )
        report(run, cold)


def report(measured: Measured, cold_seconds: float) -> None:
    """One JSON line for one run."""
    measured.cold_seconds = cold_seconds
    print(json.dumps(asdict(measured)), flush=True)


if __name__ == "__main__":
    main()
