"""Two evaluations beside each other in the terminal and as JSON."""

from __future__ import annotations

from dataclasses import asdict

from exmachina.cli.options import print_json


def compare_files(first: str, second: str, json: bool) -> None:
    """Print what got better or worse from one evaluation's JSON to another's."""
    from rich.text import Text

    from exmachina.cli.terminal import ACCENT, QUIET, make_console
    from exmachina.evaluation.statistics.report_comparison import compare_reports, read_report

    result = compare_reports(read_report(first), read_report(second))
    better, worse = result.names("better"), result.names("worse")
    words = f"{result.runs[1]} against {result.runs[0]}: "
    words += f"{len(better)} of {len(result.changes)} figures better beyond chance, {len(worse)} worse."
    if json:
        summary = {
            "reports": [first, second],
            "runs": list(result.runs),
            "n": result.n,
            "paired": result.paired,
            "better": better,
            "worse": worse,
            "changes": [asdict(change) for change in result.changes],
            "left_out": result.left_out,
            "verdict": words,
        }
        print_json(summary)
        return
    console = make_console()
    console.print(words, width=76)
    for verdict in ("worse", "better", "within chance"):
        chosen = [change for change in result.changes if change.verdict == verdict]
        if chosen:
            console.print()
            console.print(verdict.capitalize(), style=ACCENT)
        for change in chosen:
            numbers = f"{change.first:.4f} to {change.second:.4f}  ({change.low:+.4f} to {change.high:+.4f})"
            console.print(Text.assemble(f"  {change.figure:<34}", (numbers, QUIET)))
    for figure, reason in result.left_out.items():
        console.print(f"  left out: {figure}, {reason}", style=QUIET)
    if not result.paired:
        console.print("A report does not say which images were misread: the accuracies count as independent.", width=76)
