"""`ensemble`: the mean of several networks' probabilities."""

from __future__ import annotations

from typing import Annotated

import typer

from exmachina.cli.options import Json, print_json
from exmachina.formatting import share


def ensemble(
    runs: Annotated[list[str], typer.Argument(help="Two runs or more: directories, or pretrained recipes.")],
    json: Json = False,
) -> None:
    """Ask several networks together: the mean of their probabilities, beside what each reads alone."""
    from exmachina.classifier import Classifier
    from exmachina.data import load_mnist_split
    from exmachina.evaluation.results import Subject
    from exmachina.evaluation.statistics.ensemble import evaluate_ensemble
    from exmachina.evaluation.test_set.test_set_log import open_for_all
    from exmachina.runs import Run

    subjects = [Subject.of(Run.load(name), name) for name in runs]
    test = load_mnist_split("test")
    result = evaluate_ensemble([Classifier.from_run(subject.run) for subject in subjects], test)
    opening = open_for_all(test.images, test.labels, [subject.digest for subject in subjects])
    if json:
        print_json(
            {
                "runs": list(runs),
                "n": result.members.n,
                "accuracies": list(result.accuracies),
                "accuracy_mean": result.members.mean,
                "accuracy_sd": result.members.sd,
                "ensemble_accuracy": result.together.value,
                "ensemble_interval": [result.together.low, result.together.high],
                "test_set_openings": opening.openings,
            }
        )
        return
    for name, accuracy in zip(runs, result.accuracies, strict=True):
        print(f"{share(accuracy, 2):>8}  {name}")
    members, together = result.members, result.together
    spread = "" if members.sd is None else f"sd {share(members.sd, 2)}, "
    print(f"{share(members.mean, 2):>8}  a member alone, on average ({spread}n = {members.n})")
    ends = f"{share(together.low, 2)} to {share(together.high, 2)}"
    print(f"{share(together.value, 2):>8}  together (95% interval {ends})")
