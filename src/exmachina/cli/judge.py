"""Commands that doubt: `evaluate`, `compare`, `ensemble`, `calibrate`, `leak`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exmachina.cli.options import Json, RunArgument, print_json
from exmachina.cli.tell import follow, print_comparison, print_leak, print_summary
from exmachina.errors import InputError

if TYPE_CHECKING:
    from exmachina.evaluation.datasets.writers import Part, Writers

Quick = Annotated[bool, typer.Option("--quick", help="Fewer images and no training: seconds instead of a minute.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    for command in (evaluate, compare, ensemble, calibrate, leak):
        app.command()(command)


def evaluate(
    run: RunArgument,
    report: Annotated[Path | None, typer.Option("--report", help="HTML file to write; JSON goes beside it.")] = None,
    quick: Quick = False,
    writers: Annotated[
        str | None,
        typer.Option("--writers", help="Who wrote each digit: a folder or file of QMNIST tables, or: download."),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="Digits by other hands: a path, or load_digits, which is the default; repeatable."),
    ] = None,
    strangers: Annotated[
        list[Path] | None, typer.Option("--strangers", help="Folder or zip of pictures that are no digits; repeatable.")
    ] = None,
    reference: Annotated[str | None, typer.Option("--reference", help="The run that counts as 100 in mCE.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of everything that is drawn by lot.")] = 0,
    json: Json = False,
) -> None:
    """Doubt a trained network: intervals, labels, calibration, corruptions, attacks, strangers, other hands."""
    from exmachina.classifier import Classifier
    from exmachina.data import load_mnist
    from exmachina.evaluation import evaluate as examine
    from exmachina.evaluation.datasets.external_datasets import load_other
    from exmachina.report import report_json, write_report
    from exmachina.runs import Run, check_writable

    subject = Run.load(run)
    if report is not None:
        if report.suffix.lower() not in (".html", ".htm"):
            raise InputError(f"Cannot write the report to '{report}'; let its name end in .html.")
        check_writable(report.parent)
    beside = (reference, Classifier.load(reference)) if reference is not None else None
    test_writers, train_writers = find_writers(writers)
    others = [load_other(source) for source in data or ["load_digits"]]
    given = {path.stem: path for path in strangers or []}
    for path in given.values():
        if not path.exists():
            raise InputError(f"No pictures at '{path}'; give a folder or a zip file.")
    train, test = load_mnist()
    items = examine(
        subject,
        train,
        test,
        name=run,
        quick=quick,
        seed=seed,
        writers=test_writers,
        train_writers=train_writers,
        reference=beside,
        others=others,
        strangers=given,
    )
    found = follow(items)
    told = report_json(found)
    if report is not None:
        told["report"] = str(write_report(found, report))
    if json:
        print_json(told)
        return
    print_summary(found, told)


def find_writers(source: str | None) -> tuple[Writers | None, Writers | None]:
    """The writers of the test and of the training digits, as far as they can be had."""
    from exmachina.evaluation.datasets.writers import FILES, download_writers, load_writers

    if source == "download":
        download_writers("test")
        download_writers("train")
    elif source is not None:
        path = Path(source)
        if not path.is_dir():
            return load_writers("test", path), None
        train = path / FILES["train"]
        return load_writers("test", path / FILES["test"]), load_writers("train", train) if train.is_file() else None
    return _kept_writers("test"), _kept_writers("train")


def _kept_writers(part: Part) -> Writers | None:
    from exmachina.evaluation.datasets.writers import load_writers

    try:
        return load_writers(part)
    except InputError:
        return None  # the report says what is missing and how to get it


def compare(
    first: Annotated[str, typer.Argument(help="A run directory, or a recipe with pretrained weights.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
    data: Annotated[
        str | None, typer.Option("--data", help="Labelled digits: a path, or load_digits. Default: MNIST's test set.")
    ] = None,
    json: Json = False,
) -> None:
    """Say whether one network is better than another, or only luckier; show the images that tell them apart."""
    from exmachina.classifier import Classifier
    from exmachina.data import load_mnist_split
    from exmachina.evaluation.datasets.external_datasets import load_other
    from exmachina.evaluation.results import Subject
    from exmachina.evaluation.statistics.comparison import compare as compare_answers
    from exmachina.evaluation.test_set.test_set_log import fingerprint, open_test_set
    from exmachina.runs import Run

    subjects = [Subject.of(Run.load(name), name) for name in (first, second)]
    readers = [Classifier.from_run(subject.run) for subject in subjects]
    test = load_other(data) if data is not None else load_mnist_split("test")
    names = (first, second) if first != second else (f"{first} (1)", f"{second} (2)")
    probabilities = [reader.probabilities(test.images) for reader in readers]
    answers = [one.argmax(axis=1) for one in probabilities]
    found = compare_answers(answers[0], answers[1], test.labels, names)
    mark = fingerprint(test.images, test.labels)
    opening = [open_test_set(mark, f"{subject.name} {subject.digest}") for subject in subjects][-1]
    if json:
        told = {
            "runs": list(names),
            "test_set": test.name,
            "n": found.n,
            "errors": list(found.errors),
            "accuracies": [1 - errors / found.n for errors in found.errors],
            "both_wrong": found.both_wrong,
            "first_only_wrong": found.first_only_wrong.tolist(),
            "second_only_wrong": found.second_only_wrong.tolist(),
            "p_value": found.p_value,
            "z": found.z,
            "significant": found.significant,
            "verdict": found.verdict,
            "test_set_openings": opening.openings,
        }
        print_json(told)
        return
    print_comparison(found, test, answers)


def ensemble(
    runs: Annotated[list[str], typer.Argument(help="Two runs or more: directories, or pretrained recipes.")],
    json: Json = False,
) -> None:
    """Ask several networks together: the mean of their probabilities, beside what each reads alone."""
    from exmachina.classifier import Classifier
    from exmachina.data import load_mnist_split
    from exmachina.evaluation.results import Subject
    from exmachina.evaluation.statistics.ensemble import ask_together
    from exmachina.evaluation.test_set.test_set_log import fingerprint, open_test_set
    from exmachina.runs import Run

    subjects = [Subject.of(Run.load(name), name) for name in runs]
    test = load_mnist_split("test")
    found = ask_together([Classifier.from_run(subject.run) for subject in subjects], test)
    mark = fingerprint(test.images, test.labels)
    opening = [open_test_set(mark, f"{subject.name} {subject.digest}") for subject in subjects][-1]
    if json:
        print_json(
            {
                "runs": list(runs),
                "n": found.members.n,
                "accuracies": list(found.accuracies),
                "accuracy_mean": found.members.mean,
                "accuracy_sd": found.members.sd,
                "ensemble_accuracy": found.together.value,
                "ensemble_interval": [found.together.low, found.together.high],
                "test_set_openings": opening.openings,
            }
        )
        return
    for name, accuracy in zip(runs, found.accuracies, strict=True):
        print(f"{accuracy:8.2%}  {name}")
    print(f"{found.members.mean:8.2%}  a member alone, on average (sd {found.members.sd:.2%}, n = {found.members.n})")
    print(
        f"{found.together.value:8.2%}  together (95 % interval {found.together.low:.2%} to {found.together.high:.2%})"
    )


def calibrate(
    run: RunArgument,
    out: Annotated[Path | None, typer.Option("--out", help="Directory to write to. Default: the run's own.")] = None,
    keep: Annotated[float, typer.Option("--keep", help="Share of digits that the threshold must keep.")] = 0.995,
    temperature: Annotated[
        bool, typer.Option("--temperature", help="Also fit the temperature that makes the probabilities likeliest.")
    ] = False,
    writers: Annotated[
        str | None, typer.Option("--writers", help="Folder of QMNIST tables: no writer is in two folds.")
    ] = None,
    json: Json = False,
) -> None:
    """Fix a run's threshold for "no digit" on training images that it, or a sibling, never learned."""
    from exmachina.data import load_mnist_split
    from exmachina.evaluation import calibrate as fix
    from exmachina.evaluation import hold_out
    from exmachina.runs import Run, check_writable, find_run

    subject = Run.load(run)
    target = out if out is not None else find_run(run)
    check_writable(target)
    _, train_writers = find_writers(writers)
    train = load_mnist_split("train")
    held_out = hold_out(subject, train, subject.seed + 1, writers=train_writers.ids if train_writers else None)
    fixed = fix(subject, held_out, keep=keep, temperature=temperature)
    path = fixed.save(target)
    if json:
        told = {"run": str(path), "rejection_threshold": fixed.rejection_threshold, "temperature": fixed.temperature}
        print_json({**told, "keep": keep, "fitted_to": held_out.how})
        return
    print(f"{path}: no digit below {fixed.rejection_threshold:.4f}, temperature {fixed.temperature:.3f};")
    print(f"fitted to {held_out.how}, of which it keeps {keep:.1%}.")


def leak(
    recipe: Annotated[str, typer.Option("--recipe", help="The recipe whose networks are chosen among.")] = "fast",
    seeds: Annotated[int, typer.Option("--seeds", help="Seeds: 0 to this, exclusive.")] = 3,
    json: Json = False,
) -> None:
    """Show how many points appear from nowhere when the test set itself chooses the epoch and the recipe."""
    from exmachina.cli.terminal import QUIET, make_console
    from exmachina.data import load_mnist_split
    from exmachina.evaluation.as_json import plain
    from exmachina.evaluation.test_set.selection_bias import SEEDS, Leak, keep_leak, show_leak
    from exmachina.training import get_recipe

    chosen = get_recipe(recipe)
    if not 1 <= seeds <= 100:
        raise InputError(f"--seeds is {seeds}; choose 1 to 100.")
    console = make_console(stderr=json)
    for item in show_leak(chosen, load_mnist_split("train"), seeds=seeds):
        if isinstance(item, Leak):
            if seeds == SEEDS:
                keep_leak(item, chosen)
            if json:
                print_json(plain(item))
                return
            print_leak(console, item)
        else:
            accuracies = item.right.mean(axis=1)
            console.print(
                f"  seed {item.seed}: {len(accuracies)} networks, {accuracies.min():.2%} to {accuracies.max():.2%}",
                style=QUIET,
            )
