"""What the commands that doubt say in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from exmachina.cli.terminal import ACCENT, QUIET, digits, make_console

if TYPE_CHECKING:
    from exmachina.data import Dataset
    from exmachina.evaluation import Evaluation
    from exmachina.evaluation.statistics.comparison import Comparison
    from exmachina.evaluation.test_set.selection_bias import Leak

MOST_SHOWN = 12  # discordant images of a kind


def follow(items: Iterator[Any]) -> Evaluation:
    """Show the progress of an evaluation on standard error and return its result."""
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


def print_summary(found: Evaluation, told: dict[str, Any]) -> None:
    """The evaluation in a screenful: the verdict, the numbers, what to worry about."""
    console = make_console()
    console.print()
    for sentence in told["verdict"]:
        console.print(sentence, width=76)
        console.print()
    for name, value in _lines(told):
        console.print(Text.assemble((f"  {name:<40}", QUIET), value))
    if told["worries"]:
        console.print()
        console.print("What to worry about", style=ACCENT)
        for worry in told["worries"]:
            console.print(f"  · {worry['title']}")
    if found.opening.warning:
        console.print(found.opening.warning, style=QUIET)
    console.print()
    where = told.get("report")
    console.print(f"The report is {where}" if where else "All of it: add --report FILE.html", style=QUIET)


def _lines(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and numbers of the summary; what is missing is left out."""
    low, high = told["accuracy_interval"]
    yield "accuracy", f"{told['accuracy']:.2%}   95 % interval {low:.2%} to {high:.2%}"
    wide = told["accuracy_interval_corrected"]
    if told["networks_that_looked"] > 1:
        yield f"allowing for {told['networks_that_looked']} networks looking", f"{wide[0]:.2%} to {wide[1]:.2%}"
    forms = {
        "error_corrected": ("error, labels corrected", "{:.2%}"),
        "error_unambiguous": ("error, without the ambiguous", "{:.2%}"),
        "nll": ("loss", "{:.4f}"),
        "ece": ("calibration error (ECE)", "{:.2%}"),
        "temperature": ("temperature that would fit", "{:.2f}"),
        "risk_at_98_coverage": ("error of the surest 98 %", "{:.2%}"),
        "mce": ("mCE (classic = 100)", "{:.0f}"),
    }
    for key, (name, form) in forms.items():
        if told[key] is not None:
            yield name, form.format(told[key])
    if told["corruption"]:
        worst = max(told["corruption"], key=told["corruption"].get)
        yield f"error under {worst.replace('_', ' ')}, the worst of 15", f"{told['corruption'][worst]:.1%}"
    for name, one in (told["ood"] or {}).items():
        yield f"AUROC, {name.replace('_', ' ')}", f"{one['auroc']:.3f}   turned away {one['rejected']:.0%}"


def print_comparison(found: Comparison, test: Dataset, answers: list[Any]) -> None:
    """The verdict, and the discordant images in half blocks."""
    console = make_console()
    console.print(found.verdict, width=76)
    console.print(f"Both are wrong on {found.both_wrong:,} more.", style=QUIET)
    for right, wrong, indices in ((1, 0, found.first_only_wrong), (0, 1, found.second_only_wrong)):
        if not len(indices):
            continue
        shown = indices[:MOST_SHOWN]
        console.print()
        more = f", the first {len(shown)} of {len(indices):,}" if len(shown) < len(indices) else ""
        console.print(f"{found.names[right]} reads, {found.names[wrong]} does not{more}", style=ACCENT)
        captions = [f"test {i}: {test.labels[i]}, read as {answers[wrong][i]}" for i in shown]
        console.print(digits(console, test.images[shown], captions))


def print_leak(console: Console, leak: Leak) -> None:
    """Points from nowhere by test set and number of networks, and what they come to."""
    table = Table(box=None, padding=(0, 2), header_style="grey58")
    for column in ("test images", "networks tried", "points from nowhere"):
        table.add_column(column, justify="right")
    for one in leak.growth:
        table.add_row(f"{one.images:,}", str(one.tried), f"{100 * one.points:.3f}")
    console.print(table)
    spread = "" if leak.points.sd is None else f" ± {100 * leak.points.sd:.3f}"
    console.print(
        f"Choosing among the {leak.tried} networks of one seed on a test set of {leak.images:,}: "
        f"{100 * leak.points.mean:.3f}{spread} points that no new image will give back (n = {leak.points.n} seeds).",
        width=76,
    )
