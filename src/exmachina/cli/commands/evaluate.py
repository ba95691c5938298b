"""`evaluate`: the whole evaluation of a run, in a screenful, as JSON and as a report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exmachina.cli.gates import check_gates, check_names, parse_gate
from exmachina.cli.options import Json, RunArgument, print_json
from exmachina.cli.writers import find_writers
from exmachina.errors import InputError
from exmachina.formatting import rounded, share, unspaced

if TYPE_CHECKING:
    from rich.console import Console

    from exmachina.evaluation import Evaluation

Quick = Annotated[bool, typer.Option("--quick", help="Fewer images and no training: seconds instead of a minute.")]


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
    non_digits: Annotated[
        list[Path] | None, typer.Option("--strangers", help="Folder or zip of pictures that are no digits; repeatable.")
    ] = None,
    reference: Annotated[str | None, typer.Option("--reference", help="The run that counts as 100 in mCE.")] = None,
    mnist_c: Annotated[
        Path | None, typer.Option("--mnist-c", help="MNIST-C as published: a folder with one for each corruption.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of everything that is drawn by lot.")] = 0,
    require: Annotated[
        list[str] | None,
        typer.Option("--require", help='A gate, such as "accuracy>=0.99": exit 1 where it is not met; repeatable.'),
    ] = None,
    json: Json = False,
) -> None:
    """Doubt a trained network: intervals, labels, calibration, corruptions, attacks, strangers, other hands."""
    from exmachina.classifier import Classifier
    from exmachina.data import load_mnist
    from exmachina.evaluation import evaluate as examine
    from exmachina.evaluation.datasets.external_datasets import load_external
    from exmachina.report import report_json, write_report
    from exmachina.runs import Run, check_writable

    gates = [parse_gate(text) for text in require or ()]
    check_names(gates)
    subject = Run.load(run)
    if report is not None:
        if report.suffix.lower() not in (".html", ".htm"):
            raise InputError(f"Cannot write the report to '{report}'; let its name end in .html.")
        check_writable(report.parent)
    beside = (reference, Classifier.load(reference)) if reference is not None else None
    test_writers, train_writers = find_writers(writers)
    external_datasets = [load_external(source) for source in data or ["load_digits"]]
    folders = {path.stem: path for path in non_digits or []}
    for path in folders.values():
        if not path.exists():
            raise InputError(f"No pictures at '{path}'; give a folder or a zip file.")
    if mnist_c is not None and not mnist_c.is_dir():
        raise InputError(f"No folder at '{mnist_c}'; give MNIST-C's, with one for each corruption.")
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
        external_datasets=external_datasets,
        non_digits=folders,
        mnist_c=mnist_c,
    )
    result = follow(items)
    summary = report_json(result)
    held = check_gates(gates, summary)
    if held:
        summary["gates"] = [{"gate": str(one.gate), "value": one.value, "met": one.met} for one in held]
    if report is not None:
        summary["report"] = str(write_report(result, report))
    if json:
        print_json(summary)
    else:
        print_summary(result, summary)
    unmet = [one.line for one in held if not one.met]
    for line in unmet:
        print(line, file=sys.stderr)
    if unmet:
        raise typer.Exit(1)


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


def print_summary(result: Evaluation, summary: dict[str, Any]) -> None:
    """The evaluation in a screenful: the verdict, the numbers, what to worry about."""
    from rich.text import Text

    from exmachina.cli.terminal import ACCENT, QUIET, make_console

    console = make_console()
    console.print()
    for sentence in summary["verdict"]:
        console.print(unspaced(sentence), width=76)
        console.print()
    for name, value in _lines(summary):
        console.print(Text.assemble((f"  {name:<40}", QUIET), value))
    if summary["worries"]:
        console.print()
        console.print("What to worry about", style=ACCENT)
        for worry in summary["worries"]:
            console.print(f"  · {unspaced(worry['title'])}")
    if result.opening.warning:
        console.print(result.opening.warning, style=QUIET)
    console.print()
    where = summary.get("report")
    console.print(f"The report is {where}" if where else "All of it: add --report FILE.html", style=QUIET)


def _lines(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and numbers of the summary; what is missing is left out."""
    yield "accuracy", f"{share(summary['accuracy'], 2)}   95% interval {_between(summary['accuracy_interval'])}"
    wide = summary["accuracy_interval_corrected"]
    if summary["networks_that_looked"] > 1:
        yield f"allowing for {summary['networks_that_looked']} networks looking", _between(wide)
    forms: dict[str, tuple[str, Callable[[float], str]]] = {
        "error_corrected": ("error, labels corrected", lambda v: share(v, 2)),
        "error_unambiguous": ("error, without the ambiguous", lambda v: share(v, 2)),
        "error_unseen": ("error, unseen training digits", lambda v: share(v, 2)),
        "loss": ("loss", lambda v: rounded(v, 4)),
        "ece": ("calibration error (ECE)", lambda v: share(v, 2)),
        "temperature": ("temperature that would fit", lambda v: rounded(v, 2)),
        "risk_at_98_coverage": ("error of the surest 98%", lambda v: share(v, 2)),
        "aurc": ("area under risk and coverage", lambda v: share(v, 3)),
        "mce": ("mCE (classic = 100)", lambda v: rounded(v, 0)),
    }
    for key, (name, form) in forms.items():
        if summary[key] is not None:
            ends = summary.get(f"{key}_interval")
            yield name, form(summary[key]) + (f"   {' to '.join(map(form, ends))}" if ends else "")
    if summary["corruption"]:
        worst = max(summary["corruption"], key=summary["corruption"].get)
        yield f"error under {worst.replace('_', ' ')}, the worst of 15", share(summary["corruption"][worst], 1)
    for name, one in (summary["ood"] or {}).items():
        low, high = one["rejected_interval"]
        yield (
            f"AUROC, {name.replace('_', ' ')}",
            f"{one['auroc']:.3f}   turned away {share(one['rejected'], 0)} ({share(low, 0)} to {share(high, 0)})",
        )


def _between(ends: Sequence[float]) -> str:
    return " to ".join(share(end, 2) for end in ends)
