"""Feed spoiled files to everything that reads files, until the time is up.

python tests/fuzz/fuzz_files.py [--kind images] [--seconds 60] [--count 20000] [--seed 0]
python tests/fuzz/fuzz_files.py --kind api --count 5000

Each kind gets an equal part of the time. Whatever is not one line of `InputError` within two seconds of processor time
is a finding: it is told, kept in tests/fuzz/corpus/KIND, and from then on tried first by every run, the tests' short
one too.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from fuzz_kinds import KINDS

from exmachina.errors import InputError

CORPUS = Path(__file__).parent / "corpus"
SLOW = 2.0  # seconds of processor time


@dataclass
class Tally:
    """What became of the inputs of one kind."""

    tried: int = 0
    refused: int = 0
    slowest: float = 0.0
    findings: list[str] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)  # of the API: each operation, where it did what was asked


def attempt(kind: str, data: bytes, tally: Tally) -> None:
    """Let one input be read and note what became of it."""
    began = time.process_time()
    problem = ""
    try:
        KINDS[kind].read(data)
    except InputError as error:
        tally.refused += 1
        problem = "more than one line" if "\n" in str(error) else ""
    except Exception:
        problem = traceback.format_exc(limit=-3)
    seconds = time.process_time() - began
    tally.tried += 1
    tally.slowest = max(tally.slowest, seconds)
    if seconds > SLOW:
        problem = problem or f"{seconds:.1f} s"
    if problem:
        tally.findings.append(problem)
        folder = CORPUS / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / sha256(data).hexdigest()[:16]).write_bytes(data)


def fuzz(kind: str, seconds: float, count: int, seed: int) -> Tally:
    """Try what was found before, then spoiled inputs, until the time is up or so many were tried."""
    rng, tally = random.Random(f"{kind}-{seed}"), Tally()
    for file in sorted((CORPUS / kind).glob("*")):
        attempt(kind, file.read_bytes(), tally)
    seeds = KINDS[kind].seeds()
    until = time.monotonic() + seconds
    while tally.tried < count and time.monotonic() < until:
        attempt(kind, KINDS[kind].mutate(rng, rng.choice(seeds)), tally)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", choices=[*KINDS, "api"], action="append")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--count", type=int, default=1 << 40, help="at most, of each kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    kinds = options.kind or [*KINDS, "api"]
    failed = False
    print(f"{'kind':>10} {'tried':>8} {'refused':>8} {'findings':>8} {'slowest':>8} {'peak':>8}")
    for kind in kinds:
        if kind == "api":
            from fuzz_api import fuzz_api

            tally = fuzz_api(options.seconds / len(kinds), options.count, options.seed)
        else:
            tally = fuzz(kind, options.seconds / len(kinds), options.count, options.seed)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        counts = f"{tally.tried:>8,} {tally.refused:>8,} {len(tally.findings):>8}"
        print(f"{kind:>10} {counts} {tally.slowest:>6.2f} s {peak:>5} MB", flush=True)
        for finding in tally.findings[:10]:
            print(finding)
        failed |= bool(tally.findings)
    sys.exit(failed)


if __name__ == "__main__":
    main()
