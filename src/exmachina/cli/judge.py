"""Commands that doubt: `evaluate`, `compare`, `calibrate`, `leak`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exmachina.cli.options import Json, RunArgument, print_json
from exmachina.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from exmachina.evaluation import Evaluation
    from exmachina.evaluation.writers import Part, Writers

Quick = Annotated[bool, typer.Option("--quick", help="Fewer images and no training: seconds instead of a minute.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(evaluate)


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
    from exmachina.evaluation import to_json
    from exmachina.evaluation.other_hands import load_other
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
    told = to_json(found)
    if report is not None:
        from exmachina.report import write_report

        told["report"] = str(write_report(found, report))
    if json:
        print_json(told)
        return
    print_summary(found, told)


def follow(items: Iterator[Any]) -> Evaluation:
    """Show the progress of an evaluation on standard error and return its result."""
    from exmachina.cli.terminal import QUIET, make_console
    from exmachina.evaluation import Evaluation, Progress

    console = make_console(stderr=True)
    with _status(console) as show:
        last = 0
        for item in items:
            if isinstance(item, Evaluation):
                return item
            if isinstance(item, Progress):
                show(f"{item.number:>2}/{item.total}  {item.part}{f': {item.detail}' if item.detail else ''}")
                if item.number > last and not console.is_terminal:
                    console.print(f"  {item.number:>2}/{item.total}  {item.part}", style=QUIET)
                last = item.number
    raise RuntimeError("the evaluation ended without a result")


@contextmanager
def _status(console: Console) -> Iterator[Any]:
    """A line that is written over and over, in a terminal only."""
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status("  preparing") as status:
        yield lambda text: status.update(f"  {text}")


def find_writers(source: str | None) -> tuple[Writers | None, Writers | None]:
    """The writers of the test and of the training digits, as far as they can be had."""
    from exmachina.evaluation.writers import FILES, download_writers, load_writers

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
    from exmachina.evaluation.writers import load_writers

    try:
        return load_writers(part)
    except InputError:
        return None  # the report says what is missing and how to get it


def print_summary(found: Evaluation, told: dict[str, Any]) -> None:
    """The evaluation in a screenful."""
    from exmachina.cli.terminal import make_console

    console = make_console()
    low, high = told["accuracy_interval"]
    console.print(f"accuracy {told['accuracy']:.2%} (95 % interval {low:.2%} … {high:.2%})")
