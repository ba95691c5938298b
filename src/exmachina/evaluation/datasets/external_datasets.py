"""The same network on labelled sets from elsewhere: how much worse it reads them, and the traits it trips over."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exmachina.data import Dataset, load_data
from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, Images, Predict, check_scores, softmax, surest_mistakes
from exmachina.evaluation.calibration.away import ConfidenceAway, confidence_away
from exmachina.evaluation.datasets.drift import image_properties
from exmachina.evaluation.datasets.labelled_pictures import label_of, load_labelled_pictures
from exmachina.evaluation.datasets.qmnist import holds_further, load_further
from exmachina.evaluation.statistics.intervals import Interval, proportion
from exmachina.evaluation.statistics.metrics import confusion_matrix
from exmachina.images.archive import is_picture

PICTURED = 24  # mistakes
TRAITS = {
    "edge": ("thick pen", "middling pen", "thin pen"),
    "intensity": ("little ink", "middling ink", "much ink"),
    "width": ("narrow", "middling width", "wide"),
    "slant": ("leaning left", "upright", "leaning right"),
}


@dataclass(frozen=True)
class Slice:
    """The images with one trait: how many, their error, and the error of home's images with the same trait."""

    trait: str
    name: str
    share: float
    error: Interval | None
    home_share: float
    home_error: Interval | None


@dataclass(frozen=True)
class Cause:
    """How far one trait goes to explain the drop.

    `explained` is the error that home's own images would show if each of the three slices of the trait were as
    common among them as here, less their error as it is. What is left of the drop lies within the slices.
    """

    trait: str
    explained: float


@dataclass(frozen=True)
class ExternalDataset:
    """Another labelled set: `drop` is its error less the home test set's. `confusion[true, read]` counts images.

    `away` is what the confidence is worth there; None where no rule could be fixed at home.
    """

    name: str
    n: int
    error: Interval
    home_error: float
    slices: tuple[Slice, ...]
    causes: tuple[Cause, ...]
    away: ConfidenceAway | None
    confusion: NDArray[np.int64] = field(repr=False)
    examples: Images = field(repr=False)
    misread: tuple[tuple[int, int, int], ...] = field(repr=False)  # index, label, read; the surest first

    @property
    def drop(self) -> float:
        """Error here less error at home."""
        return self.error.value - self.home_error


def load_external(source: str | Path) -> Dataset:
    """A labelled set by name (`load_digits`, scikit-learn's 1,797 digits of 8 × 8 pixels) or by path.

    A path may be whatever `exmachina.load_data` reads, of which the test part is taken if there is one, or a folder or
    zip file of pictures whose names tell the label, or a folder with QMNIST's test set, of which MNIST is left out.
    """
    if str(source) != "load_digits":
        path = Path(source)
        if path.suffix.lower() == ".zip" or (path.is_dir() and any(map(_tells_label, path.iterdir()))):
            return load_labelled_pictures(path)
        if holds_further(path):
            return load_further(path)
        train, test = load_data(source)
        chosen = train if test is None else test
        if not len(chosen):
            raise InputError(f"'{source}' holds no digits.")
        return chosen
    from PIL import Image
    from sklearn.datasets import load_digits

    from exmachina.images.mnist import centre, contrast, crop, scale

    result = load_digits()
    enlarged = (
        np.asarray(Image.fromarray(np.uint8(one * 255 / 16)).resize((64, 64), Image.Resampling.BICUBIC))
        for one in result.images
    )
    # White on black already, and nothing to wipe away: what is left of `normalize` takes a quarter of its time.
    images = [centre(contrast(scale(crop(contrast(picture))), 0)) for picture in enlarged]
    return Dataset(np.stack(images), result.target.astype(np.uint8), "load_digits")


def _tells_label(file: Path) -> bool:
    """Whether this is a picture that lies in the folder itself and whose own name tells its label."""
    return is_picture(file.name) and label_of(file.name) is not None


def measure_external(
    predict: Predict,
    other: Dataset,
    home: Dataset,
    home_wrong: Flags,
    threshold: float | None = None,
) -> ExternalDataset:
    """Read another set and compare it, slice by slice, with the home test set and its mistakes (N,).

    `threshold` is a confidence from which on to answer, fixed at home.
    """
    logits = predict(other.images)
    check_scores(logits, other.labels)
    read = logits.argmax(axis=1)
    wrong = read != other.labels
    slices = compare_slices(image_properties(other.images), wrong, image_properties(home.images), home_wrong)
    probabilities = softmax(logits)
    order = surest_mistakes(probabilities, other.labels)[:PICTURED]
    return ExternalDataset(
        name=other.name,
        n=len(other),
        error=proportion(wrong),
        home_error=float(home_wrong.mean()),
        slices=slices,
        causes=_causes(slices, float(home_wrong.mean())),
        away=None if threshold is None else confidence_away(probabilities, other.labels, threshold),
        confusion=confusion_matrix(read, other.labels),
        examples=other.images[order],
        misread=tuple((int(i), int(other.labels[i]), int(read[i])) for i in order),
    )


def compare_slices(
    here: dict[str, NDArray[np.float64]], wrong: Flags, home: dict[str, NDArray[np.float64]], home_wrong: Flags
) -> tuple[Slice, ...]:
    """Cut every trait in three at home's terciles, and compare the slices of the two sets."""
    result = []
    for trait, names in TRAITS.items():
        edges = np.quantile(home[trait], [1 / 3, 2 / 3])
        place, home_place = np.digitize(here[trait], edges), np.digitize(home[trait], edges)
        for number, name in enumerate(names):
            inside, home_inside = place == number, home_place == number
            result.append(
                Slice(
                    trait=trait,
                    name=name,
                    share=float(inside.mean()),
                    error=_error(wrong[inside]),
                    home_share=float(home_inside.mean()),
                    home_error=_error(home_wrong[home_inside]),
                )
            )
    return tuple(result)


def _causes(slices: tuple[Slice, ...], home_error: float) -> tuple[Cause, ...]:
    explained = dict.fromkeys(TRAITS, -home_error)
    for one in slices:
        # Where home has no such images, home's error says nothing; its mean stands in.
        explained[one.trait] += one.share * (one.home_error.value if one.home_error else home_error)
    return tuple(sorted((Cause(*item) for item in explained.items()), key=lambda one: -one.explained))


def _error(wrong: Flags) -> Interval | None:
    return proportion(wrong) if len(wrong) else None
