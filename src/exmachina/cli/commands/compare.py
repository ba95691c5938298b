"""`compare`: whether one network is better than another, or only luckier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exmachina.cli.compared_reports import compare_files
from exmachina.cli.options import Json, print_json
from exmachina.errors import InputError

if TYPE_CHECKING:
    from exmachina.data import Dataset
    from exmachina.evaluation.statistics.comparison import Comparison

MOST_SHOWN = 12  # discordant images of a kind


def compare(
    first: Annotated[
        str, typer.Argument(help="A run directory, a recipe with pretrained weights, or an evaluation's JSON.")
    ],
    second: Annotated[str, typer.Argument(help="Another one.")],
    data: Annotated[
        str | None, typer.Option("--data", help="Labelled digits: a path, or load_digits. Default: MNIST's test set.")
    ] = None,
    json: Json = False,
) -> None:
    """Say whether one network is better than another, or only luckier; show the images that tell them apart.

    Of two evaluations' JSON files: what got better or worse beyond chance.
    """
    reports = [Path(name).suffix.lower() == ".json" for name in (first, second)]
    if all(reports) and data is None:
        compare_files(first, second, json)
        return
    if any(reports):
        raise InputError("Compare two runs, or two JSON files of evaluations and no --data.")
    from exmachina.classifier import Classifier
    from exmachina.data import load_mnist_split
    from exmachina.evaluation.datasets.external_datasets import load_external
    from exmachina.evaluation.results import Subject
    from exmachina.evaluation.statistics.comparison import compare as compare_answers
    from exmachina.evaluation.test_set.test_set_log import open_for_all
    from exmachina.runs import Run

    subjects = [Subject.of(Run.load(name), name) for name in (first, second)]
    classifiers = [Classifier.from_run(subject.run) for subject in subjects]
    test = load_external(data) if data is not None else load_mnist_split("test")
    names = (first, second) if first != second else (f"{first} (1)", f"{second} (2)")
    probabilities = [classifier.probabilities(test.images) for classifier in classifiers]
    answers = [one.argmax(axis=1) for one in probabilities]
    result = compare_answers(answers[0], answers[1], test.labels, names)
    opening = open_for_all(test.images, test.labels, [subject.digest for subject in subjects])
    if json:
        summary = {
            "runs": list(names),
            "test_set": test.name,
            "n": result.n,
            "errors": list(result.errors),
            "accuracies": [1 - errors / result.n for errors in result.errors],
            "both_wrong": result.both_wrong,
            "first_only_wrong": result.first_only_wrong.tolist(),
            "second_only_wrong": result.second_only_wrong.tolist(),
            "p_value": result.p_value,
            "z": result.z,
            "significant": result.significant,
            "verdict": result.verdict,
            "test_set_openings": opening.openings,
        }
        print_json(summary)
        return
    print_comparison(result, test, answers)


def print_comparison(result: Comparison, test: Dataset, answers: list[Any]) -> None:
    """The verdict, and the discordant images in half blocks."""
    from exmachina.cli.terminal import ACCENT, QUIET, digits, make_console

    console = make_console()
    console.print(result.verdict, width=76)
    console.print(f"Both are wrong on {result.both_wrong:,} more.", style=QUIET)
    for right, wrong, indices in ((1, 0, result.first_only_wrong), (0, 1, result.second_only_wrong)):
        if not len(indices):
            continue
        shown = indices[:MOST_SHOWN]
        console.print()
        more = f", the first {len(shown)} of {len(indices):,}" if len(shown) < len(indices) else ""
        console.print(f"{result.names[right]} reads, {result.names[wrong]} does not{more}", style=ACCENT)
        captions = [f"test {i}: {test.labels[i]}, read as {answers[wrong][i]}" for i in shown]
        console.print(digits(console, test.images[shown], captions))
