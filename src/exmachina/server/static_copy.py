"""The lesson as plain files, for any web host: the page, its data, trainings and experiments recorded beforehand."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exmachina.classifier import Classifier
from exmachina.errors import InputError
from exmachina.evaluation.intervals import over_seeds
from exmachina.networks import NETWORKS
from exmachina.runs import Run, find_run
from exmachina.server import digits
from exmachina.server.assess import assess
from exmachina.server.jobs import to_json
from exmachina.server.settings import WEB
from exmachina.server.specs import build_experiment, build_recipe, recipe_to_json
from exmachina.training.recipes import RECIPES

RUN_FILES = ("run.json", "model.safetensors", "model.onnx")
PAGE_TYPES = {".html", ".css", ".js", ".svg", ".png"}
IMAGES = 1000  # of each part, to browse; mistakes and strangest images come on top
MISTAKES = 60
FOREVER = 24 * 3600


@dataclass(frozen=True)
class Recording:
    """A training to record: a recipe by name, with knobs turned."""

    id: str
    recipe: str = "fast"
    seed: int = 0
    changes: dict[str, Any] = field(default_factory=dict)
    snapshots: int = 40


@dataclass(frozen=True)
class Trials:
    """An experiment to record: a recipe, one knob over values, each with seeds 0 to `seeds` - 1."""

    id: str
    knob: str
    values: tuple[float, ...]
    recipe: str = "fast"
    seeds: int = 3
    changes: dict[str, Any] = field(default_factory=dict)


RECORDINGS = (Recording("fast"), Recording("slow", changes={"learning_rate": 0.001}, snapshots=20))
# One value that is worse beyond doubt and two that three seeds can hardly tell apart.
EXPERIMENTS = (Trials("learning-rate", "learning_rate", (0.002, 0.01, 0.02)),)


def export_site(
    directory: str | Path,
    runs: Mapping[str, str | Path],
    recordings: Sequence[Recording] = RECORDINGS,
    experiments: Sequence[Trials] = EXPERIMENTS,
    *,
    images: int = IMAGES,
) -> Path:
    """Write a copy of the lesson that needs no server, and return its folder.

    `runs` are run directories by the name that the page shows. `recordings` and `experiments` are trained
    now. Raises `InputError` if the folder exists already and holds anything, or cannot be written.
    """
    folder = Path(directory)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"'{directory}' exists and is not empty; choose a new folder.")
    try:
        _copy_page(folder)
        mistakes: set[int] = set()
        listed = [_copy_run(folder, name, find_run(source), mistakes) for name, source in runs.items()]
        trainings = [_record(folder, recording) for recording in recordings]
        measured = [_measure(trials) for trials in experiments]
        summary = digits.summary()
        strange = {index for chosen in summary["strangest"].values() for index in chosen}
        _write(folder / "data" / "summary.json", summary)
        data = {
            "summary": "data/summary.json",
            "train": _images(folder, "train", images, strange),
            "test": _images(folder, "test", images, mistakes | {257}),
        }
    except OSError as error:
        raise InputError(f"Cannot write to '{directory}': {error.strerror}; choose another folder.") from None
    site = {
        "static": True,
        "networks": [{**network.to_json(), "parameters": network.parameters} for network in NETWORKS.values()],
        "recipes": [recipe.to_json() for recipe in RECIPES.values()],
        "runs": listed,
        "trainings": trainings,
        "experiments": measured,
        "data": data,
    }
    _write(folder / "site.json", site)
    return folder


def _copy_page(folder: Path) -> None:
    for file in WEB.rglob("*"):
        if file.suffix in PAGE_TYPES and "__pycache__" not in file.parts:
            target = folder / file.relative_to(WEB)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def _copy_run(folder: Path, name: str, source: Path, mistakes: set[int]) -> dict[str, Any]:
    """A run's files with its evaluation; adds the mistakes that the page shows to `mistakes`."""
    target = folder / "data" / "runs" / name
    target.mkdir(parents=True)
    for file in RUN_FILES:
        shutil.copyfile(source / file, target / file)
    run = Run.load(target)
    evaluation = assess(Classifier.load(target), digits.part("test"))
    mistakes.update(item["index"] for item in evaluation["mistakes"][:MISTAKES])
    _write(target / "evaluation.json", evaluation)
    return {
        "id": name,
        "recipe": run.recipe["name"],
        "network": run.network.name,
        "parameters": run.network.parameters,
        "test_accuracy": run.test_accuracy,
    }


def _record(folder: Path, recording: Recording) -> dict[str, Any]:
    """Train now, and keep what a visitor of the server would have seen."""
    from exmachina.server.tasks import run_task  # loads the engine, which only this needs

    recipe = build_recipe(recording.recipe, recording.changes)
    place = f"data/trainings/{recording.id}"
    task = {
        "kind": "training",
        "recipe": recipe_to_json(recipe),
        "seed": recording.seed,
        "snapshots": recording.snapshots,
        "snapshot_folder": str(folder / place),
        "out": str(folder / place / "run"),
        "job_seconds": FOREVER,
        "threads": os.cpu_count() or 1,
    }
    events = list(_with_urls(run_task(task, lambda: False), place))
    shutil.rmtree(folder / place / "run", ignore_errors=True)  # the last snapshot is as good
    _write(folder / place / "events.json", events)
    return {
        "id": recording.id,
        "recipe": recording.recipe,
        "seed": recording.seed,
        "changes": recording.changes,
        "network": recipe.network.to_json(),
        "run_id": None,
        "events": f"{place}/events.json",
    }


def _measure(trials: Trials) -> dict[str, Any]:
    """Train every value with every seed now, judged as the lesson judges: on training images held out."""
    from exmachina.server.tasks import VALIDATION, run_task

    threads = os.cpu_count() or 1
    results: list[dict[str, Any]] = []
    table = []
    for variant in build_experiment(
        trials.recipe, trials.changes, None, {trials.knob: list(trials.values)}, trials.seeds
    ):
        known: list[float] = []
        for seed in range(trials.seeds):
            task = {"kind": "experiment", "recipe": recipe_to_json(variant.recipe), "seed": seed, "threads": threads}
            *_, result = run_task(task, lambda: False)
            accuracy = float(result["accuracy"])
            if math.isfinite(accuracy):
                known.append(accuracy)
            results.append(
                {**result, "value": variant.value, "accuracy": accuracy if math.isfinite(accuracy) else None}
            )
        summary = over_seeds(known) if known else None
        mean, sd = (summary.mean, summary.sd) if summary else (None, None)
        table.append({"value": variant.value, "mean": mean, "sd": sd, "n": len(known)})
    return {
        "id": trials.id,
        "recipe": trials.recipe,
        "changes": trials.changes,
        "vary": {trials.knob: list(trials.values)},
        "seeds": trials.seeds,
        "held_out": VALIDATION,
        "recorded": datetime.now(UTC).date().isoformat(),
        "results": results,
        "table": table,
    }


def _with_urls(messages: Iterator[dict[str, Any]], place: str) -> Iterator[dict[str, Any]]:
    for message in messages:
        if message["type"] == "snapshot":
            yield {**message, "url": f"{place}/{message['index']}.safetensors"}
        elif message["type"] == "end":
            yield {**message, "run_id": None}
        else:
            yield message


def _images(folder: Path, part: digits.Part, count: int, more: set[int]) -> dict[str, Any]:
    """The first images of a part and some more, in one file; says which."""
    chosen = sorted(set(range(count)) | more)
    file = f"data/{part}.bin"
    (folder / file).write_bytes(digits.rows(part, chosen))
    return {"file": file, "indices": chosen}


def _write(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = json.loads(json.dumps(data, default=asdict))  # intervals are dataclasses
    path.write_text(to_json(plain), encoding="utf-8")
