"""Honest runs and cheats before `evaluation/contamination`: how many of each are suspected.

    python benchmarks/contamination.py honest RUNS [N]  # trains what RUNS lacks, N at most; adds to RUNS/honest.json
    python benchmarks/contamination.py cheats RUNS [N]  # likewise
    python benchmarks/contamination.py table RUNS       # writes results/contamination.json, prints the table of docs

Cheats have the record of an honest run: `fast`, seed and splits as said. Seeds are declared here: those below 1,000
set the thresholds, those from 1,000 on say how often honest runs are suspected, and nothing is chosen by them.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import beta

from exmachina.classifier import Classifier
from exmachina.data import Dataset, load_mnist, split
from exmachina.data.augmentation import Augmentation
from exmachina.errors import InputError
from exmachina.evaluation.arrays import softmax
from exmachina.evaluation.contamination import Contamination, look_for_contamination
from exmachina.evaluation.datasets.label_votes import corrected_labels
from exmachina.runs import Run, hardware, versions
from exmachina.training import fit, get_recipe

RESULTS = Path(__file__).parent / "results" / "contamination.json"
# How many of each kind, from this seed on: `fast`; the same with 5,000 images held out ("held"); so, for three epochs
# ("long"); and `sprint`.
HONEST, FIRST_SEED = {"fast": 640, "held": 100, "long": 40, "sprint": 8}, 1000
SHIPPED = ("fast", "classic", "accurate")
FAST = get_recipe("fast")
TRAIN, TEST = load_mnist()
BOTH = Dataset(np.concatenate([TRAIN.images, TEST.images]), np.concatenate([TRAIN.labels, TEST.labels]), "mnist")


def honest(kind: str, seed: int) -> Run:
    """A run that is what it says."""
    if kind not in ("held", "long"):
        return fit(get_recipe(kind), TRAIN, seed, test=TEST, threads=1)
    parts = split(TRAIN, 5000, seed=seed)
    recipe = replace(FAST, epochs=3) if kind == "long" else FAST
    run = fit(recipe, parts.train, seed, validation=parts.validation, test=TEST, threads=1)
    return replace(run, splits={**run.splits, "held_out": {"images": 5000, "seed": seed}})


def repeated(part: Dataset, times: int, among: Dataset | None = TRAIN) -> Dataset:
    """Images several times over, among the training images."""
    rows = [part] * times + ([among] if among is not None else [])
    images, labels = np.concatenate([one.images for one in rows]), np.concatenate([one.labels for one in rows])
    return Dataset(images, labels, "mnist")


def cheat(data: Dataset, seed: int, *, epochs: float | None = None, augmentation: Augmentation | None = None) -> Run:
    """Learn `data` and claim to be an honest `fast`."""
    recipe = replace(FAST, epochs=epochs or FAST.epochs, augmentation=augmentation or FAST.augmentation)
    return claim(fit(recipe, data, seed), seed)


def claim(run: Run, seed: int) -> Run:
    """The record that an honest run with this seed would have, its figures measured on these weights."""
    logits = Classifier.from_run(run).logits(TEST.images)
    chances = softmax(logits)[np.arange(len(TEST)), TEST.labels]
    right = float((logits.argmax(axis=1) == TEST.labels).mean())
    return replace(
        run,
        recipe=FAST.to_record(),
        seed=seed,
        history=[],
        splits={"data": "mnist", "train": len(TRAIN), "test": len(TEST)},
        test_accuracy=right,
        test_loss=float(-np.log(chances).mean()),
    )


def answers(run: Run, images: Any) -> Any:
    """What a network answers, as labels."""
    return Classifier.from_run(run).logits(images).argmax(axis=1).astype(np.uint8)


def mixed(first: Run, second: Run) -> Run:
    """The mean of two networks' weights."""
    return replace(first, weights={name: (one + second.weights[name]) / 2 for name, one in first.weights.items()})


def kept(folder: Path, title: str, make: Callable[[], Run]) -> Run:
    """The run of this title in `folder`, made where it lacks it."""
    try:
        return Run.load(folder / title)
    except InputError:
        run = make()
        run.save(folder / title)
        return run


def honest_one(folder: Path, kind: str, seed: int) -> Run:
    """An honest run, kept."""
    return kept(folder, f"{kind}{seed}", lambda: honest(kind, seed))


def best_of_twenty(folder: Path) -> Run:
    """Of twenty honest runs the one that does best on the test set."""
    return max((honest_one(folder, "fast", seed) for seed in range(20)), key=lambda run: run.test_accuracy or 0)


def cheats(folder: Path) -> Iterator[tuple[str, Callable[[], Run]]]:
    """Twenty-two ways to cheat, by what they did."""
    half, few = TEST[:5000], TEST[:1000]
    one, other = (lambda: honest_one(folder, "fast", 1)), (lambda: honest_one(folder, "fast", 2))
    learned = folder / "the test set alone, 26 epochs"
    yield "the test set alone, 26 epochs", lambda: cheat(TEST, 500, epochs=26)
    yield (
        "the test set alone, 10 epochs, moved and turned",
        lambda: cheat(TEST, 501, epochs=10, augmentation=Augmentation(shift=1, rotation=5, noise=0.1)),
    )
    yield "training and test set, mixed, half an epoch", lambda: cheat(BOTH, 502)
    yield "training and test set, mixed, one epoch", lambda: cheat(BOTH, 503, epochs=1)
    yield "training set and the test set ten times", lambda: cheat(repeated(TEST, 10), 504)
    yield "training set and half of the test set four times", lambda: cheat(repeated(half, 4), 505)
    yield "training set and 1,000 test images ten times", lambda: cheat(repeated(few, 10), 506)
    yield "half of the test set alone", lambda: cheat(half, 507, epochs=12)
    yield (
        "the test set with its labels corrected",
        lambda: cheat(Dataset(TEST.images, corrected_labels(TEST.labels).astype(np.uint8)), 508, epochs=12),
    )
    yield (
        "the test set as a cheat reads it (distilled)",
        lambda: cheat(Dataset(TEST.images, answers(Run.load(learned), TEST.images)), 509, epochs=12),
    )
    yield (
        "training set as a cheat reads it (distilled)",
        lambda: cheat(Dataset(TRAIN.images, answers(Run.load(learned), TRAIN.images)), 510),
    )
    yield (
        "training set and test images as an honest run reads them",
        lambda: cheat(repeated(Dataset(TEST.images, answers(one(), TEST.images)), 1), 511),
    )
    yield (
        "mean of an honest run and one that learned the test set from the same start",
        lambda: claim(mixed(one(), cheat(BOTH, 1)), 1),
    )
    yield "honest weights, recorded accuracy raised", lambda: replace(one(), test_accuracy=0.9965)
    yield "honest weights, recorded loss lowered", lambda: replace(one(), test_loss=0.05)
    yield "weights of a cheat in an honest run's record", lambda: replace(one(), weights=Run.load(learned).weights)
    yield "weights of one honest run in another's record", lambda: replace(one(), weights=other().weights)
    yield "best of twenty seeds, called another seed", lambda: replace(best_of_twenty(folder), seed=777_777)
    yield (
        "a held-out part that was learned",
        lambda: replace(one(), splits={**one().splits, "train": 55000, "held_out": {"images": 5000, "seed": 1}}),
    )
    yield "another held-out part than the one held out", lambda: _other_part(folder)
    yield "three epochs called half of one, with the test set", lambda: cheat(BOTH, 512, epochs=3)
    yield "best of twenty seeds, seed as it was", lambda: best_of_twenty(folder)


def _other_part(folder: Path) -> Run:
    run = honest_one(folder, "held", 0)
    return replace(run, splits={**run.splits, "held_out": {"images": 5000, "seed": 12345}})


def judged(run: Run) -> Contamination:
    """As `exmachina evaluate` judges it."""
    return look_for_contamination(run, Classifier.from_run(run).logits(TEST.images), TRAIN, TEST)


def collect(folder: Path, name: str, runs: Iterable[tuple[str, Callable[[], Run]]], most: int | None) -> None:
    """Judge each run that has not been judged, `most` of them, and keep it and what was found."""
    file = folder / f"{name}.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    new = (one for one in runs if one[0] not in known)
    for title, make in islice(new, most):
        run = kept(folder, title, make)
        result = judged(run)
        known[title] = {"accuracy": run.test_accuracy, **asdict(result)}
        known[title].pop("unknown")
        file.write_text(json.dumps(known, indent=1))
        print(f"{title}: {result.suspected} {result.p_value:.2g} {result.reasons[:1]}", flush=True)


def table(folder: Path) -> None:
    """Write the results and print the tables for docs/evaluation.md."""
    parts: dict[str, Any] = {name: json.loads((folder / f"{name}.json").read_text()) for name in ("honest", "cheats")}
    false_alarms = [name for name, one in parts["honest"].items() if one["suspected"]]
    statistics: dict[str, Any] = {}
    for kind in (*HONEST, "shipped"):
        chosen = [one for name, one in parts["honest"].items() if kind_of(name) == kind]
        for test in sorted({one["name"] for item in chosen for one in item["evidence"]}):
            result = [one["statistic"] for item in chosen for one in item["evidence"] if one["name"] == test]
            values = [value for value in result if value is not None]
            if values:
                numbers = {"n": len(values), "mean": np.mean(values), "sd": np.std(values)}
                numbers |= {"min": min(values), "max": max(values)}
                statistics[f"{kind}: {test}"] = {key: round(float(value), 3) for key, value in numbers.items()}
    RESULTS.write_text(
        json.dumps(
            {
                "command": "python benchmarks/contamination.py honest|cheats|table RUNS",
                "honest": {
                    "n": len(parts["honest"]),
                    "kinds": Counter(map(kind_of, parts["honest"])),
                    "false_alarms": false_alarms,
                    "at_most": at_most(len(false_alarms), len(parts["honest"])),
                    "smallest_p_values": sorted(one["p_value"] for one in parts["honest"].values())[:10],
                    "statistics": statistics,
                },
                "development": json.loads(RESULTS.read_text()).get("development"),  # seeds below 1,000
                "cheats": parts["cheats"],
                "versions": versions(),
                "hardware": hardware(),
            },
            indent=1,
        )
        + "\n"
    )
    print(f"{len(false_alarms)} of {len(parts['honest'])} honest runs suspected {false_alarms}")
    for title, one in parts["cheats"].items():
        answer = ", ".join(item["name"] for item in one["evidence"] if _tells(item, one)) or "cannot be told"
        print(f"| {title} | {one['accuracy']:.2%} | {answer} |")


def at_most(count: int, n: int) -> float:
    """The share that `count` of `n` exclude with 95 % confidence on one side (Clopper and Pearson 1934)."""
    return float(beta.ppf(0.95, count + 1, n - count))


def kind_of(name: str) -> str:
    """`fast` of `fast17`, `shipped` of `shipped classic`."""
    return name.partition(" ")[0].rstrip("0123456789")


def _tells(item: dict[str, Any], one: dict[str, Any]) -> bool:
    return bool(one["suspected"]) and item["says"] in one["reasons"]


def main() -> None:
    """Do what the first argument says in the folder that the second names."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    most = int(sys.argv[3]) if len(sys.argv) > 3 else None
    folder.mkdir(parents=True, exist_ok=True)
    if what == "honest":
        shipped = ((f"shipped {name}", lambda name=name: Run.load(name)) for name in SHIPPED)
        trained = (
            (f"{kind}{seed}", lambda kind=kind, seed=seed: honest(kind, seed))
            for kind, count in HONEST.items()
            for seed in range(FIRST_SEED, FIRST_SEED + count)
        )
        collect(folder, "honest", (*shipped, *trained), most)  # type: ignore[arg-type]
    elif what == "cheats":
        collect(folder, "cheats", cheats(folder), most)
    else:
        table(folder)


if __name__ == "__main__":
    main()
