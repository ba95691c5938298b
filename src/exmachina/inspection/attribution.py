"""Which pixels speak for a digit: three attribution methods, each of the digit's logit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exmachina.data import scale
from exmachina.errors import InputError
from exmachina.inspection.outputs import check_image
from exmachina.runs import Run

METHODS = ("integrated_gradients", "saliency", "occlusion")
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
    2013 (occlusion), as Captum computes them. Raises `InputError` for an unknown method or class.
    """
    unknown = [method for method in methods if method not in METHODS]
    if unknown:
        raise InputError(f"Unknown attribution '{unknown[0]}'. Choose from: {', '.join(METHODS)}.")
    if target is not None and not 0 <= target < run.network.classes:
        raise InputError(f"Class {target} does not exist; choose from 0 to {run.network.classes - 1}.")
    import torch
    from captum.attr import IntegratedGradients, Occlusion, Saliency

    from exmachina.networks.module import build, set_weights

    module = build(run.network)
    set_weights(module, run.weights)
    module.eval()
    pixels = torch.from_numpy(scale(check_image(image)))[None, None].requires_grad_()
    black = torch.zeros_like(pixels)
    with torch.no_grad():
        logits = module(torch.cat([pixels, black]))
    chosen = int(logits[0].argmax()) if target is None else target
    difference = float(logits[0, chosen] - logits[1, chosen])
    found: dict[str, Attribution] = {}
    for method in methods:
        if method == "integrated_gradients":
            values = IntegratedGradients(module).attribute(
                pixels, black, target=chosen, n_steps=INTEGRATION_STEPS, internal_batch_size=INTEGRATION_STEPS
            )
        elif method == "saliency":
            values = Saliency(module).attribute(pixels, target=chosen)
        else:
            values = Occlusion(module).attribute(
                pixels,
                sliding_window_shapes=(1, OCCLUDED, OCCLUDED),
                target=chosen,
                baselines=0,
                perturbations_per_eval=64,
            )
        found[method] = Attribution(method, chosen, values.detach()[0, 0].float().numpy(), difference)
    return found
