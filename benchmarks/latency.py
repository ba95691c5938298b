"""How long one prediction takes, and ten thousand.

python benchmarks/latency.py [RUN ...] [--rounds 3000] [--json]

For each run (default: all that ship): `Classifier.predict` on a 28 × 28 array, 10,000 images at once, and `exmachina
predict --index 257` from a cold start. Told are the median and the 95th percentile, in milliseconds. Give the machine
nothing else to do. EXMACHINA_ENGINE=avx2 keeps from wider vectors where the processor has them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import exmachina
from exmachina.classifier import Classifier
from exmachina.data import load_mnist_split
from exmachina.engine import library
from exmachina.runs import hardware, versions


def main() -> None:
    """Measure the runs of the command line."""
    parser = argparse.ArgumentParser()
    shipped = sorted(path.parent.name for path in Path(exmachina.__file__).parent.glob("pretrained/*/run.json"))
    parser.add_argument("runs", nargs="*", default=shipped)
    parser.add_argument("--rounds", type=int, default=3000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = {name: measure(name, options.rounds) for name in options.runs}
    if options.json:
        print(
            json.dumps({"milliseconds": rows, "engine": library().name, "hardware": hardware(), "versions": versions()})
        )
        return
    for name, row in rows.items():
        print(name)
        for what, (median, late) in row.items():
            print(f"  {what:<22} median {median:9.3f} ms   95th percentile {late:9.3f} ms")


def measure(name: str, rounds: int) -> dict[str, tuple[float, float]]:
    """Median and 95th percentile, in milliseconds, of each way to ask one run."""
    images = load_mnist_split("test").images
    reader = Classifier.load(name)
    command = [sys.executable, "-m", "exmachina", "predict", "--run", name, "--index", "257"]
    return {
        "predict, prepared": timed(lambda: reader.predict(images[0], prepared=True), rounds),
        "predict, normalised": timed(lambda: reader.predict(images[0]), rounds),
        "10,000 images": timed(lambda: reader.logits(images), 7),
        "the command, cold": timed(lambda: subprocess.run(command, check=True, capture_output=True), 7),
    }


def timed(call: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds, after a tenth of the rounds to warm up."""
    for _ in range(rounds // 10 + 1):
        call()
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        took.append(1e3 * (time.perf_counter() - start))
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


if __name__ == "__main__":
    main()
