"""`compare`: whether one network is better than another, or only luckier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from exmachina.cli.options import Json, print_json

if TYPE_CHECKING:
    from exmachina.data import Dataset
    from exmachina.evaluation.statistics.comparison import Comparison

MOST_SHOWN = 12  # discordant images of a kind


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
    from exmachina.evaluation.datasets.external_datasets import load_external
    from exmachina.evaluation.results import Subject
    from exmachina.evaluation.statistics.comparison import compare as compare_answers
    from exmachina.evaluation.test_set.test_set_log import fingerprint, open_test_set
    from exmachina.runs import Run

    subjects = [Subject.of(Run.load(name), name) for name in (first, second)]
    readers = [Classifier.from_run(subject.run) for subject in subjects]
    test = load_external(data) if data is not None else load_mnist_split("test")
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


def print_comparison(found: Comparison, test: Dataset, answers: list[Any]) -> None:
    """The verdict, and the discordant images in half blocks."""
    from exmachina.cli.terminal import ACCENT, QUIET, digits, make_console

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
