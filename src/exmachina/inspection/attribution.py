"""Which pixels speak for a digit: three attribution methods, each of the digit's logit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exmachina.data import scale
from exmachina.engine import Model
from exmachina.errors import InputError
from exmachina.inspection.outputs import check_image
from exmachina.runs import Run

METHODS = ("integrated_gradients", "saliency", "occlusion")
Floats = NDArray[np.floating]
OCCLUDED = 5  # side of the square that occlusion blanks out, in pixels
INTEGRATION_STEPS = 64


@dataclass(frozen=True, eq=False)
class Attribution:
    """How much each pixel matters to the logit of class `target`: `values` (28, 28).

    Integrated gradients: what the pixel adds, compared with a black one; the pixels add up to `difference`, the
    logit of the image less that of a black image. Saliency: |∂ logit / ∂ pixel|, never negative. Occlusion: how
    far the logit falls, on average, when a 5 × 5 square that covers the pixel goes black.
    """

    method: str
    target: int
    values: NDArray[np.float32] = field(repr=False)
    difference: float


def attribute(
    run: Run, image: NDArray[np.uint8], target: int | None = None, methods: tuple[str, ...] = METHODS
) -> dict[str, Attribution]:
    """Attributions for class `target` (the predicted one if `None`) of an image uint8 (28, 28), by method.

    Sources: Sundararajan et al. 2017 (integrated gradients), Simonyan et al. 2013 (saliency), Zeiler and Fergus
    2013 (occlusion). Raises `InputError` for an unknown method or class.
    """
    unknown = [method for method in methods if method not in METHODS]
    if unknown:
        raise InputError(f"Unknown attribution '{unknown[0]}'. Choose from: {', '.join(METHODS)}.")
    if target is not None and not 0 <= target < run.network.classes:
        raise InputError(f"Class {target} does not exist; choose from 0 to {run.network.classes - 1}.")
    model = Model(run.network, explains=True)
    model.set(run.weights)
    pixels = scale(check_image(image))[None, None]
    black = np.zeros_like(pixels)
    logits = model.logits(np.concatenate([pixels, black]))
    chosen = int(logits[0].argmax()) if target is None else target
    difference = float(logits[0, chosen] - logits[1, chosen])
    compute = {"integrated_gradients": _integrated_gradients, "saliency": _saliency, "occlusion": _occlusion}
    return {
        method: Attribution(method, chosen, compute[method](model, pixels, chosen).astype(np.float32), difference)
        for method in methods
    }


def _logit_gradient(model: Model, pixels: Floats, target: int) -> Floats:
    """∂ logit / ∂ pixel of images (N, 1, 28, 28)."""
    seeds = np.zeros((len(pixels), model.network.classes), np.float32)
    seeds[:, target] = 1
    return model.image_gradient(pixels, seeds=seeds)


def _saliency(model: Model, pixels: Floats, target: int) -> Floats:
    return np.asarray(np.abs(_logit_gradient(model, pixels, target)[0, 0]))


def _integrated_gradients(model: Model, pixels: Floats, target: int) -> Floats:
    """The gradient on the straight way from black, integrated by Gauss and Legendre, times the pixel."""
    places, shares = np.polynomial.legendre.leggauss(INTEGRATION_STEPS)
    between = ((places + 1) / 2).astype(np.float32)[:, None, None, None] * pixels
    gradients = _logit_gradient(model, between, target)[:, 0].astype(np.float64)
    total: Floats = np.tensordot(shares / 2, gradients, axes=1) * pixels[0, 0]
    return total


def _occlusion(model: Model, pixels: Floats, target: int) -> Floats:
    """The mean fall of the logit over all squares that cover a pixel."""
    height, width = pixels.shape[2] - OCCLUDED + 1, pixels.shape[3] - OCCLUDED + 1
    covered = np.repeat(pixels, height * width, axis=0)
    squares = [(y, x) for y in range(height) for x in range(width)]
    for image, (y, x) in zip(covered, squares, strict=True):
        image[0, y : y + OCCLUDED, x : x + OCCLUDED] = 0
    logits = model.logits(np.concatenate([pixels, covered]))[:, target].astype(np.float64)
    total, times = np.zeros(pixels.shape[2:]), np.zeros(pixels.shape[2:])
    for fall, (y, x) in zip(logits[0] - logits[1:], squares, strict=True):
        total[y : y + OCCLUDED, x : x + OCCLUDED] += fall
        times[y : y + OCCLUDED, x : x + OCCLUDED] += 1
    return np.asarray(total / times)
