"""From an image to a prediction, on ONNX Runtime alone."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import ArrayLike, NDArray

from exmachina.data.dataset import SIDE, scale
from exmachina.errors import InputError, check_number
from exmachina.images import read_image
from exmachina.networks.layers import Network
from exmachina.normalize import NoInk, normalize
from exmachina.runs import Run, find_run, read_onnx

EXTERNAL = b"location"  # the key under which ONNX looks for weights in another file; `Layer` leaves the word alone
BATCH = 256  # images per call; larger ones leave the cache


@dataclass(frozen=True)
class Prediction:
    """What the network reads in one image.

    `digit` is the most probable class, or `None` if the image is blank. `rejected` says that the image is
    probably not a digit at all: blank, or less certain than the run's rejection threshold.
    """

    digit: int | None
    probability: float
    probabilities: tuple[float, ...]
    rejected: bool

    def __str__(self) -> str:
        if self.digit is None:
            return "no digit"
        doubt = ", but probably not a digit" if self.rejected else ""
        return f"{self.digit} ({self.probability:.2%}{doubt})"


class Classifier:
    """A trained network, ready to read digits.

    Images as uint8 (28, 28) arrays are taken to be in MNIST's convention already; any other array or file is
    normalised to it first.
    """

    def __init__(
        self,
        model: bytes,
        network: Network,
        *,
        temperature: float = 1.0,
        rejection_threshold: float | None = None,
    ) -> None:
        options = ort.SessionOptions()
        # One thread a call: a single image is too small to share, and batches run in parallel calls.
        options.intra_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is told by `InputError`, once
        check_number("temperature", temperature, 1e-3, 1e3)
        if rejection_threshold is not None:
            check_number("rejection_threshold", rejection_threshold, 0.0, 1.0)
        if network.input_shape != (1, SIDE, SIDE):
            raise InputError(f"Network '{network.name}' takes {network.input_shape}; a reader of digits takes 1×28×28.")
        self.network = network
        self.temperature = temperature
        self.rejection_threshold = rejection_threshold
        if EXTERNAL in model:
            raise InputError(f"The ONNX model of network '{network.name}' points to another file; the run is damaged.")
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises a dozen types of its own
            reason = str(error).splitlines()[0][:120]
            raise InputError(f"ONNX Runtime cannot load the model of network '{network.name}': {reason}") from None
        outputs = {output.name: output.shape[1:] for output in self._session.get_outputs()}
        expected = {step.layer.name: list(step.output_shape) for step in network.steps()}
        expected |= {name: [network.classes] for name in ("logits", "probabilities")}
        if outputs != expected or [value.name for value in self._session.get_inputs()] != ["images"]:
            raise InputError(f"The ONNX model does not belong to network '{network.name}'; the run is damaged.")

    @classmethod
    def load(cls, source: str | Path) -> Classifier:
        """The classifier of a run directory, or of a recipe whose weights ship with the package."""
        directory = find_run(source)
        run = Run.load(directory)
        return cls(
            read_onnx(directory),
            run.network,
            temperature=run.temperature,
            rejection_threshold=run.rejection_threshold,
        )

    @classmethod
    def from_run(cls, run: Run) -> Classifier:
        """The classifier of a run in memory."""
        from exmachina.runs.onnx_graph import build_onnx

        return cls(
            build_onnx(run.network, run.weights),
            run.network,
            temperature=run.temperature,
            rejection_threshold=run.rejection_threshold,
        )

    def predict(self, image: ArrayLike | str | Path) -> Prediction:
        """Read one digit from an array or an image file.

        Raises `InputError` if the file or array is not an image. A blank image gives `digit=None`.
        """
        try:
            prepared = self.prepare(image)
        except NoInk:
            return Prediction(None, 0.0, (0.0,) * self.network.classes, rejected=True)
        probabilities = self.probabilities(prepared[None])[0]
        digit = int(probabilities.argmax())
        probability = float(probabilities[digit])
        rejected = self.rejection_threshold is not None and probability < self.rejection_threshold
        return Prediction(digit, probability, tuple(probabilities.tolist()), rejected)

    def prepare(self, image: ArrayLike | str | Path) -> NDArray[np.uint8]:
        """The uint8 (28, 28) image that the network will see. Raises `NoInk` for a blank one."""
        if isinstance(image, str | Path):
            return normalize(read_image(image))
        if isinstance(image, np.ndarray) and image.shape == (SIDE, SIDE) and image.dtype == np.uint8:
            if not image.any():
                raise NoInk("The image is blank; draw a digit.")
            return image
        return normalize(image)

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Class probabilities (N, classes) of images uint8 (N, 28, 28), calibrated by the run's temperature."""
        if self.temperature == 1:
            return self._run(images, "probabilities")
        logits = self.logits(images) / np.float32(self.temperature)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        scaled: NDArray[np.float32] = exponentials / exponentials.sum(axis=1, keepdims=True)
        return scaled

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The scores (N, classes) before softmax of images uint8 (N, 28, 28)."""
        return self._run(images, "logits")

    def layer(self, images: NDArray[np.uint8], name: str) -> NDArray[np.float32]:
        """One layer's output after activation for images uint8 (N, 28, 28), N as large as you like."""
        if name not in {layer.name for layer in self.network.layers}:
            names = ", ".join(layer.name for layer in self.network.layers)
            raise InputError(f"Network '{self.network.name}' has no layer '{name}'. Choose one of: {names}.")
        return self._run(images, name)

    def layers(self, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Every layer's output after activation, by name, for images uint8 (N, 28, 28); then the logits.

        Maps are (N, channels, height, width), rows (N, units).
        """
        names = [*(layer.name for layer in self.network.layers), "logits"]
        return dict(zip(names, self._session.run(names, {"images": _pixels(images)}), strict=True))

    def accuracy(self, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> float:
        """Fraction of images that are read as labelled."""
        if not len(images) or len(images) != len(labels):
            raise InputError(f"Accuracy needs images and as many labels, not {len(images)} and {len(labels)}.")
        return float((self.logits(images).argmax(axis=1) == labels).mean())

    def _run(self, images: NDArray[np.uint8], output: str) -> NDArray[np.float32]:
        images = _checked(images)
        if len(images) <= BATCH:
            result: NDArray[np.float32] = self._session.run([output], {"images": _pixels(images)})[0]
            return result
        batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
        return np.concatenate(list(self._pool.map(lambda batch: self._run(batch, output), batches)))

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        return ThreadPoolExecutor(cores or 1)


def _pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return scale(_checked(images))[:, None]


def _checked(given: Any) -> NDArray[np.uint8]:
    images: NDArray[np.uint8] = np.asarray(given)
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE) or images.dtype != np.uint8:
        raise InputError(f"Images must be uint8 (N, 28, 28), not {images.dtype} {images.shape}.")
    return images
