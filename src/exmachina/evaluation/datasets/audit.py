"""The data that everything rests on: copies across the two sets, drift, doubtful labels, and digits like no other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from exmachina.data import Dataset
from exmachina.evaluation.arrays import Flags, Floats, Images, softmax
from exmachina.evaluation.calibration.reliability import fit_temperature
from exmachina.evaluation.datasets.drift import LabelDrift, PropertyDrift, image_properties, label_drift, property_drift
from exmachina.evaluation.datasets.duplicates import Duplicates, find_duplicates
from exmachina.evaluation.datasets.external_datasets import Slice, compare_slices
from exmachina.evaluation.datasets.label_errors import (
    LabelError,
    Outlier,
    VoteMatches,
    compare_with_votes,
    find_label_errors,
    outliers,
)
from exmachina.evaluation.datasets.label_votes import is_mnist_test
from exmachina.evaluation.statistics.intervals import Interval
from exmachina.evaluation.statistics.metrics import losses

PICTURED = 24


@dataclass(frozen=True)
class LabelErrorSummary:
    """Labels that a network doubts in images that it never learned, the most doubtful first, with pictures.

    `votes` says which of MNIST's fifteen rejected test labels are among them.
    """

    total: int
    n: int
    shown: tuple[LabelError, ...]
    images: Images = field(repr=False)
    votes: VoteMatches | None


@dataclass(frozen=True)
class DataAudit:
    """What was found in the data; `searched` test images were compared with every training image.

    `neighbour` is how far no learning at all gets: the label of the nearest training image. `segments` are slices
    of the test set by trait, with the network's error in each.
    """

    duplicates: Duplicates
    searched: int
    neighbour: Interval
    labels: LabelDrift
    properties: tuple[PropertyDrift, ...]
    test_label_errors: LabelErrorSummary = field(metadata={"key": "test_suspects"})
    train_label_errors: LabelErrorSummary | None = field(metadata={"key": "train_suspects"})
    outliers: tuple[Outlier, ...]
    outlier_images: Images = field(repr=False)
    segments: tuple[Slice, ...]


def audit_data(
    train: Dataset,
    test: Dataset,
    logits: Floats,
    wrong: Flags,
    *,
    out_of_fold: Floats | None = None,
    searched: int = 10_000,
    compared: int = 60_000,
) -> DataAudit:
    """Look at the data, for a network's logits (N, 10) on the test set and its mistakes (N,).

    `out_of_fold` are logits (M, 10) of all training images by networks that had not learned them.
    """
    few = test[:searched]
    duplicates = find_duplicates(train.images, few.images)
    odd = outliers(test.images, test.labels, PICTURED)
    traits = image_properties(test.images)
    part = train.images[:compared]
    return DataAudit(
        duplicates=duplicates,
        searched=len(few),
        neighbour=duplicates.neighbour_accuracy(train.labels, few.labels),
        labels=label_drift(train.labels, test.labels),
        properties=property_drift(part, test.images),
        test_label_errors=_summarise_label_errors(logits, test),
        train_label_errors=None if out_of_fold is None else _summarise_label_errors(out_of_fold, train),
        outliers=odd,
        outlier_images=test.images[np.array([one.index for one in odd], np.int64)],
        segments=compare_slices(traits, wrong, traits, wrong),
    )


def _summarise_label_errors(logits: Floats, data: Dataset) -> LabelErrorSummary:
    # A modest network's largest probabilities lie below its thresholds; at its best temperature they do not.
    scaled = np.asarray(logits, np.float64) / fit_temperature(logits, data.labels).value
    result = find_label_errors(softmax(scaled), data.labels).label_errors
    votes = None
    if is_mnist_test(data.labels):
        votes = compare_with_votes([one.index for one in result], -losses(scaled, data.labels))
    shown = result[:PICTURED]
    return LabelErrorSummary(
        total=len(result),
        n=len(data),
        shown=shown,
        images=data.images[np.array([one.index for one in shown], np.int64)],
        votes=votes,
    )
