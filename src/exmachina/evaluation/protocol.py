"""The whole evaluation, part by part, as a stream: `Progress` while it runs, the `Evaluation` at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.calibration.held_out import HeldOut
from exmachina.evaluation.datasets.writers import Writers
from exmachina.evaluation.parts import FULL, QUICK, Examination, Extent
from exmachina.evaluation.results import (
    Evaluation,
    Health,
    Missing,
    Progress,
    Setting,
    Subject,
)
from exmachina.evaluation.statistics.intervals import corrected_for_openings, normal_mean, wilson
from exmachina.evaluation.statistics.metrics import losses, measure
from exmachina.evaluation.test_set.test_set_log import fingerprint, open_test_set
from exmachina.runs import Run, hardware, versions


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
    others: Sequence[Dataset] = (),
    strangers: Mapping[str, str | Path] | None = None,
    ledger: Path | None = None,
    extent: Extent | None = None,
) -> Iterator[Progress | Evaluation]:
    """Evaluate a run that learned from `train` on `test`; the last item is the `Evaluation`, which never raises.

    `reference` is a network's name and reader: mCE counts its errors as 100. `others` are labelled sets by other
    hands, `strangers` names and paths of pictures that are no digits. One opening of the test set is written down
    in the folder `ledger`, by default the user's own. A part that cannot be measured becomes `Missing`.
    """
    if len(test) < 2 or not len(train):
        raise InputError(f"Cannot evaluate with {len(train):,} training and {len(test):,} test images; give both.")
    start = time.perf_counter()
    subject = Subject.of(run, name)
    opening = open_test_set(fingerprint(test.images, test.labels), f"{subject.name} {subject.digest}", folder=ledger)
    course = Examination(
        run,
        train,
        test,
        quick,
        seed,
        extent or (QUICK if quick else FULL),
        writers,
        train_writers,
        reference,
        others,
        strangers or {},
    )
    parts = course.parts()
    for number, (part, title, work) in enumerate(parts, 1):
        yield Progress(title, number, len(parts))
        course.found[part] = Missing("it gave no result")
        try:
            for item in work():
                if isinstance(item, str):
                    yield Progress(title, number, len(parts), item)
                else:
                    course.found[part] = item
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:  # InputError is a ValueError
            course.found[part] = Missing(str(error))
    held_out = course.found.pop("held_out")
    metrics = measure(course.tamed / run.temperature, test.labels)
    right = int((~course.wrong).sum())
    yield Evaluation(
        subject=subject,
        setting=Setting(
            test_set=test.name,
            train_set=train.name,
            quick=quick,
            seed=seed,
            seconds=time.perf_counter() - start,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            versions=versions(),
            hardware=hardware(),
            fitted_to=held_out.how if isinstance(held_out, HeldOut) else held_out.reason,
        ),
        metrics=metrics,
        health=_health(course),
        opening=opening,
        # The same network looking again is no new chance to be lucky; another one is.
        accuracy_corrected=corrected_for_openings(right, len(test), opening.runs),
        loss=normal_mean(losses(course.tamed / run.temperature, test.labels)),
        **course.found,
    )


def _health(course: Examination) -> Health:
    answers = np.bincount(course.read, minlength=10)
    commonest = np.bincount(course.test.labels, minlength=10).max()
    n = len(course.test)
    return Health(
        n=n,
        unanswered=course.unanswered,
        commonest=int(answers.argmax()),
        commonest_share=float(answers.max() / n),
        guessing=wilson(int(commonest), n),
    )
