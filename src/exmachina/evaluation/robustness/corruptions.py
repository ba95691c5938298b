"""What becomes of the error when the image is spoilt: the fifteen corruptions of MNIST-C, and their mean.

Mu and Gilmer (MNIST-C: A Robustness Benchmark for Computer Vision, 2019) chose fifteen corruptions that leave a
digit readable for people. The severities are theirs, the drawing is this project's own: compare networks with one
another on these images, not with figures measured on theirs. Where they have a single strength (stripe, dotted
line, zigzag, Canny edges) it is the third of five here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Images, Labels, Predict, check_scores
from exmachina.evaluation.robustness import pixels, strokes
from exmachina.evaluation.statistics.intervals import Interval, wilson

BATCH = 2_000  # images in work at once; small enough for a processor's cache, large enough for its arithmetic


@dataclass(frozen=True)
class Corruption:
    """One way to spoil an image.

    `levels` are the parameters of severities 1 to 5, `default` the severity that MNIST-C publishes, and `family`
    the kind of augmentation that a network trained with it has already met.
    """

    spoil: Callable[..., pixels.Pixels]
    levels: tuple[tuple[Any, ...], ...]
    default: int
    family: str


def _each(*values: float) -> tuple[tuple[float], ...]:
    return tuple((value,) for value in values)


CORRUPTIONS: dict[str, Corruption] = {
    "shot_noise": Corruption(pixels.shot_noise, _each(60, 25, 12, 5, 3), 5, "noise"),
    "impulse_noise": Corruption(pixels.impulse_noise, _each(0.03, 0.06, 0.09, 0.17, 0.27), 4, "noise"),
    "glass_blur": Corruption(
        pixels.glass_blur, ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)), 1, "blur"
    ),
    "motion_blur": Corruption(pixels.motion_blur, ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)), 1, "blur"),
    "shear": Corruption(pixels.sheared, _each(0.2, 0.4, 0.6, 0.8, 1.0), 2, "shear"),
    "scale": Corruption(pixels.scaled, _each(0.9, 0.8, 0.7, 0.6, 0.5), 3, "scale"),
    "rotate": Corruption(pixels.rotated, _each(0.2, 0.4, 0.6, 0.8, 1.0), 2, "rotation"),
    "brightness": Corruption(pixels.brightness, _each(0.1, 0.2, 0.3, 0.4, 0.5), 5, "light"),
    "translate": Corruption(pixels.translated, _each(1, 2, 3, 4, 5), 3, "shift"),
    "stripe": Corruption(pixels.stripe, _each(3, 5, 7, 9, 11), 3, "inversion"),
    "fog": Corruption(strokes.fog, ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)), 5, "light"),
    "spatter": Corruption(
        strokes.spatter,
        (
            (0.65, 0.3, 4, 0.69, 0.6),
            (0.65, 0.3, 3, 0.68, 0.6),
            (0.65, 0.3, 2, 0.68, 0.5),
            (0.65, 0.3, 1, 0.65, 1.5),
            (0.67, 0.4, 1, 0.65, 1.5),
        ),
        4,
        "occlusion",
    ),
    "dotted_line": Corruption(strokes.dotted_line, _each(0.9, 1.6, 2.3, 3.0, 3.7), 3, "strokes"),
    "zigzag": Corruption(strokes.zigzag, _each(0.9, 1.6, 2.3, 3.0, 3.7), 3, "strokes"),
    "canny_edges": Corruption(strokes.canny_edges, _each(0.6, 0.8, 1.0, 1.4, 1.8), 3, "outline"),
}


@dataclass(frozen=True)
class CorruptionError:
    """A network's error on one corruption at one severity."""

    name: str
    severity: int
    error: Interval


@dataclass(frozen=True)
class CorruptionSummary:
    """All corruptions against a reference network's in the same run.

    `mce`: mean of error ÷ reference error, × 100. `relative` holds each ratio × 100, and `mean_error` the plain mean.
    A mean of ratios is above 100 as soon as networks differ, whichever is the better: exchange the two, and both may
    be above 100. `geometric`, the geometric mean of the ratios × 100, turns into its inverse then.
    """

    mce: float
    geometric: float
    mean_error: float
    relative: dict[str, float]


def corrupt(images: Images, name: str, generator: np.random.Generator, severity: int | None = None) -> Images:
    """Spoilt copies of uint8 images (N, 28, 28); the same generator state gives the same images.

    `severity` is 1 … 5; without one, the severity that MNIST-C publishes.
    """
    corruption = _find(name)
    severity = corruption.default if severity is None else severity
    if severity not in range(1, 6):
        raise InputError(f"Severity {severity} of '{name}' does not exist; choose 1, 2, 3, 4 or 5.")
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
        raise InputError(f"Images to spoil must be uint8 (N, 28, 28), not {images.dtype} {images.shape}.")
    spoilt = np.empty_like(images)
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH].astype(np.float32) / np.float32(255)
        result = corruption.spoil(batch, generator, *corruption.levels[severity - 1])
        spoilt[start : start + BATCH] = np.rint(np.clip(result, 0, 1) * np.float32(255))
    return spoilt


def corruption_errors(
    predict: Predict,
    images: Images,
    labels: Labels,
    *,
    seed: int = 0,
    names: Sequence[str] | None = None,
    severity: int | None = None,
) -> Iterator[CorruptionError]:
    """Yield the error on each corruption in turn.

    Every corruption has its own generator, so that two networks with the same seed see the same spoilt images,
    whichever corruptions are asked for.
    """
    for name in CORRUPTIONS if names is None else names:
        corruption = _find(name)
        generator = np.random.default_rng([seed, list(CORRUPTIONS).index(name)])
        logits = predict(corrupt(images, name, generator, severity))
        check_scores(logits, labels)
        wrong = int((logits.argmax(axis=1) != labels).sum())
        yield CorruptionError(name, severity or corruption.default, wilson(wrong, len(labels)))


def summarise(
    errors: Mapping[str, float], reference: Mapping[str, float], images: int | None = None
) -> CorruptionSummary:
    """Mean corruption error (mCE) of `errors` against a `reference` network's, both by corruption name.

    A reference error of 0 has no ratio; with the number of `images` given it counts as half a mistake.
    """
    if not errors or set(errors) != set(reference):
        odd = ", ".join(sorted(set(errors) ^ set(reference))) or "none at all"
        raise InputError(f"The two networks were not measured on the same corruptions ({odd}); measure both on all.")
    relative = {}
    least = 1e-3  # per cent of the reference's errors: a network without a mistake has no logarithm
    for name, error in errors.items():
        below = reference[name] or (0.5 / images if images else 0.0)
        if below <= 0:
            raise InputError(f"The reference network makes no mistake on '{name}'; use more images to compare.")
        relative[name] = 100 * error / below
    return CorruptionSummary(
        mce=float(np.mean(list(relative.values()))),
        geometric=float(np.exp(np.mean(np.log([max(ratio, least) for ratio in relative.values()])))),
        mean_error=float(np.mean(list(errors.values()))),
        relative=relative,
    )


def _find(name: str) -> Corruption:
    if name not in CORRUPTIONS:
        raise InputError(f"Unknown corruption '{name}'. Choose one of: {', '.join(CORRUPTIONS)}.")
    return CORRUPTIONS[name]
