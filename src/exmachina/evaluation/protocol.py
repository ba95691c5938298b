"""The whole evaluation, part by part, as a stream: `Progress` while it runs, the `Evaluation` at the end."""

from __future__ import annotations

import shlex
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation import parts
from exmachina.evaluation.datasets.writers import Writers
from exmachina.evaluation.inputs import FULL, QUICK, Answers, Extent, Protocol
from exmachina.evaluation.parts import Fitting
from exmachina.evaluation.results import PARTS, Evaluation, Health, Missing, Progress, Setting, Subject
from exmachina.evaluation.robustness.published import measure_published
from exmachina.evaluation.statistics.faults import known_faults
from exmachina.evaluation.statistics.intervals import corrected_for_openings, normal_mean, wilson
from exmachina.evaluation.statistics.metrics import confusion_matrix, losses, measure
from exmachina.evaluation.test_set.test_set_log import fingerprint, open_test_set
from exmachina.runs import Run, hardware, versions

Part = TypeVar("Part")
FITTING = "What to fit to"
TITLES = (FITTING, *(item["title"] for item in PARTS.values()))


def evaluate(
    run: Run,
    train: Dataset,
    test: Dataset,
    *,
    name: str | None = None,
    quick: bool = False,
    seed: int = 0,
    writers: Writers | None = None,
    train_writers: Writers | None = None,
    reference: tuple[str, Classifier] | None = None,
    external_datasets: Sequence[Dataset] = (),
    non_digits: Mapping[str, str | Path] | None = None,
    mnist_c: str | Path | None = None,
    log_folder: Path | None = None,
    extent: Extent | None = None,
) -> Iterator[Progress | Evaluation]:
    """Evaluate a run that learned from `train` on `test`; the last item is the `Evaluation`, which never raises.

    `reference` is a network's name and classifier: mCE counts its errors as 100. `external_datasets` are labelled
    sets from elsewhere, `non_digits` names and paths of pictures that are no digits, `mnist_c` MNIST-C's folder. One
    opening of the test set is written down in `log_folder`, by default the user's own. A part that cannot be measured
    becomes `Missing`. Raises `InputError` at once for a test set without digits, or of classes that the run lacks.
    """
    if len(test) < 2 or not len(train):
        raise InputError(f"Cannot evaluate with {len(train):,} training and {len(test):,} test images; give both.")
    if run.network.classes <= int(test.labels.max()):
        raise InputError(
            f"A network of {run.network.classes} classes cannot be judged by labels up to {test.labels.max()}; "
            "evaluate it on images of its own classes."
        )
    protocol = Protocol(
        run,
        train,
        test,
        quick=quick,
        seed=seed,
        extent=extent or (QUICK if quick else FULL),
        writers=writers,
        train_writers=train_writers,
        reference=reference,
        external_datasets=external_datasets,
        non_digits=non_digits or {},
        mnist_c=mnist_c,
    )
    return _measured(protocol, Subject.of(run, name), log_folder)


def _measured(protocol: Protocol, subject: Subject, log_folder: Path | None) -> Iterator[Progress | Evaluation]:
    start = time.perf_counter()
    run, test = protocol.run, protocol.test
    test_set = fingerprint(test.images, test.labels)
    opening = open_test_set(test_set, subject.digest, folder=log_folder)
    answers = Answers.of(run, test)
    fitting = yield from _part(FITTING, parts.fitting_part(protocol, answers))
    contamination = yield from _titled("contamination", parts.contamination_part(protocol, answers))
    labels = yield from _titled("labels", parts.labels_part(protocol, answers))
    halves = yield from _titled("halves", parts.halves_part(protocol, answers))
    writers = yield from _titled("writers", parts.writers_part(protocol, answers))
    confidence = yield from _titled("confidence", parts.confidence_part(protocol, answers, fitting))
    robustness = yield from _titled("robustness", parts.robustness_part(protocol, answers, fitting))
    few = test[: protocol.extent.corrupted]
    mnist_c = yield from _titled("mnist_c", measure_published(answers.predict, protocol.mnist_c, few, protocol.seed))
    curves = yield from _titled("curves", parts.curves_part(protocol, answers))
    attacks = yield from _titled("attacks", parts.attacks_part(protocol))
    ood = yield from _titled("out_of_distribution", parts.ood_part(protocol, answers, fitting))
    external = yield from _titled("external_datasets", parts.external_part(protocol, answers, fitting))
    data = yield from _titled("data", parts.data_part(protocol, answers, fitting))
    slices = yield from _titled("slices", parts.slices_part(protocol, answers))
    mistakes = yield from _titled("mistakes", parts.mistakes_part(protocol, answers))
    seeds = yield from _titled("seeds", parts.seeds_part(protocol, answers))
    decisions = yield from _titled("decisions", parts.decisions_part(protocol, answers, fitting, writers, data, seeds))
    selection_bias = yield from _titled("selection_bias", parts.selection_bias_part(protocol))
    scaled = answers.finite / run.temperature
    yield Evaluation(
        subject=subject,
        setting=_setting(protocol, test_set, fitting, time.perf_counter() - start),
        metrics=measure(scaled, test.labels),
        health=_health(answers, test),
        opening=opening,
        # The same network looking again is no new chance to be lucky; another one is.
        accuracy_corrected=corrected_for_openings(int((~answers.wrong).sum()), len(test), opening.runs),
        loss=normal_mean(losses(scaled, test.labels)),
        misread=np.flatnonzero(answers.wrong),
        contamination=contamination,
        labels=labels,
        halves=halves,
        writers=writers,
        confidence=confidence,
        robustness=robustness,
        mnist_c=mnist_c,
        curves=curves,
        attacks=attacks,
        out_of_distribution=ood,
        external_datasets=external,
        data=data,
        slices=slices,
        mistakes=mistakes,
        seeds=seeds,
        decisions=decisions,
        selection_bias=selection_bias,
    )


def _titled(name: str, work: Iterator[str | Part]) -> Generator[Progress, None, Part | Missing]:
    return _part(PARTS[name]["title"], work)


def _part(title: str, work: Iterator[str | Part]) -> Generator[Progress, None, Part | Missing]:
    """Yield how far a part is, and return its result, or why there is none."""
    number = TITLES.index(title) + 1
    yield Progress(title, number, len(TITLES))
    result: Part | Missing = Missing("it gave no result")
    try:
        for item in work:
            if isinstance(item, str):
                yield Progress(title, number, len(TITLES), item)
            else:
                result = item
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:  # InputError is a ValueError
        return Missing(str(error))
    return result


def _setting(protocol: Protocol, test_set: str, fitting: Fitting | Missing, seconds: float) -> Setting:
    return Setting(
        test_set=protocol.test.name,
        test_set_digest=test_set,
        train_set=protocol.train.name,
        quick=protocol.quick,
        seed=protocol.seed,
        seconds=seconds,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=versions(),
        hardware=hardware(),
        fitted_to=fitting.reason if isinstance(fitting, Missing) else fitting.held_out.how,
        options=_options(protocol),
    )


def _options(protocol: Protocol) -> str:
    """The command's options that ask for this evaluation again, as far as they can be known."""
    options = ["--quick"] if protocol.quick else []
    options += [f"--seed {protocol.seed}"] if protocol.seed else []
    options += ["--writers download"] if protocol.writers is not None else []
    options += [f"--reference {protocol.reference[0]}"] if protocol.reference is not None else []
    names = [one.name for one in protocol.external_datasets]
    options += [f"--data {shlex.quote(name)}" for name in names if names != ["load_digits"]]
    options += [f"--strangers {shlex.quote(str(path))}" for path in protocol.non_digits.values()]
    return " ".join(options)


def _health(answers: Answers, test: Dataset) -> Health:
    counts = np.bincount(answers.digits, minlength=10)
    commonest = np.bincount(test.labels, minlength=10).max()
    n = len(test)
    return Health(
        n=n,
        unanswered=answers.unanswered,
        commonest=int(counts.argmax()),
        commonest_share=float(counts.max() / n),
        guessing=wilson(int(commonest), n),
        faults=known_faults(confusion_matrix(answers.digits, test.labels)),
    )
