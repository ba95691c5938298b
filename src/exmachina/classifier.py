"""From an image to a prediction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from exmachina.engine import Model
from exmachina.errors import InputError, check_number
from exmachina.formatting import share
from exmachina.images import SIDE
from exmachina.images.cut import Cut, cut_out
from exmachina.images.files import read_image
from exmachina.images.mnist import NoInk
from exmachina.networks.layers import Network
from exmachina.runs import Rejector, Run, Weights, check_shapes
from exmachina.runs.rejector import last_values

Verdict = Literal["sure", "unsure", "no digit"]
AnyImage: TypeAlias = ArrayLike | Image.Image | str | Path  # an array, a Pillow image or a file

TOGETHER = 256  # images that are prepared before they are read
LINE = 0.5  # what a one counts against another digit: any line on paper looks like one


@dataclass(frozen=True)
class Prediction:
    """What the network reads in one image.

    `digit` is the most probable class, or `None` if the image is blank. `rejected` says that the image is
    probably not a digit at all: blank, or unlike digits in the eyes of the run's rejector; a run without one
    rejects what is less certain than its rejection threshold. `unsure`: a digit, but perhaps another one.
    `is_digit` is the chance that it is any digit, if the run has a rejector. `several`: the picture seems to hold more
    digits than the one that was read; `exmachina.read` reads them all.
    """

    digit: int | None
    probability: float
    probabilities: tuple[float, ...]
    rejected: bool
    unsure: bool = False
    is_digit: float | None = None
    several: bool = False

    @property
    def verdict(self) -> Verdict:
        """How far to trust the digit."""
        return "no digit" if self.rejected else "unsure" if self.unsure else "sure"

    @property
    def trust(self) -> float:
        """How far to believe one look at a picture against another, 0 to 1."""
        return self.probability * (self.is_digit or 0.0) * (LINE if self.digit == 1 else 1.0)

    @property
    def likeliest(self) -> tuple[int, ...]:
        """The two most probable digits, the likelier first; none for a blank image."""
        order = sorted(range(len(self.probabilities)), key=lambda digit: -self.probabilities[digit])
        return tuple(order[:2]) if self.digit is not None else ()

    def to_json(self) -> dict[str, Any]:
        """Plain data, as the command line and the lesson's API tell it."""
        return {
            "digit": self.digit,
            "probability": self.probability,
            "probabilities": list(self.probabilities),
            "rejected": self.rejected,
            "verdict": self.verdict,
            "is_digit": self.is_digit,
            "several": self.several,
        }

    def __str__(self) -> str:
        return (
            f"{self._one}; the picture seems to hold several digits, exmachina.read reads all"
            if self.several
            else self._one
        )

    @property
    def _one(self) -> str:
        if self.digit is None:
            return "no digit"
        sure = share(self.probability)
        if self.unsure and not self.rejected:
            first, second = self.likeliest
            return f"{first} or {second} ({sure}, {share(self.probabilities[second])}, unsure)"
        doubt = ", but probably not a digit" if self.rejected else ""
        return f"{self.digit} ({sure}{doubt})"


class Classifier:
    """A trained network, ready to read digits.

    Every picture is normalised to MNIST's convention first, arrays like files; what is in it already, as MNIST's own
    images are, is `prepared` and taken as it is.
    """

    def __init__(
        self,
        network: Network,
        weights: Weights,
        *,
        temperature: float = 1.0,
        rejection_threshold: float | None = None,
        rejector: Rejector | None = None,
        threads: int | None = None,
    ) -> None:
        check_number("temperature", temperature, 1e-3, 1e3)
        if rejection_threshold is not None:
            check_number("rejection_threshold", rejection_threshold, 0.0, 1.0)
        if network.input_shape != (1, SIDE, SIDE):
            raise InputError(f"Network '{network.name}' takes {network.input_shape}; a reader of digits takes 1×28×28.")
        check_shapes(weights, network, "This classifier")
        self.network = network
        self.temperature = temperature
        self.rejection_threshold = rejection_threshold
        self.rejector = rejector
        self.weights = weights
        self.threads = threads  # of the engine: all cores unless told

    @classmethod
    def load(cls, source: str | Path) -> Classifier:
        """The classifier of a run directory, or of a recipe whose weights ship with the package."""
        return cls.from_run(Run.load(source))

    @classmethod
    def from_run(cls, run: Run) -> Classifier:
        """The classifier of a run in memory."""
        return cls(
            run.network,
            run.weights,
            temperature=run.temperature,
            rejection_threshold=run.rejection_threshold,
            rejector=run.rejector,
        )

    def predict(self, image: AnyImage, *, prepared: bool = False) -> Prediction:
        """Read one digit from an array, a Pillow image or an image file.

        `prepared` says that it is uint8 (28, 28) in MNIST's convention and is not to be normalised. Raises `InputError`
        if the file or array is not an image. A blank image gives `digit=None`; one of several digits is told as such.
        """
        return next(self.predict_many([image], prepared=prepared))

    def predict_many(self, images: Iterable[AnyImage], *, prepared: bool = False) -> Iterator[Prediction]:
        """Read many, each with one digit, in their order and some hundreds at a time."""
        remaining = iter(images)
        while some := list(islice(remaining, TOGETHER)):
            yield from (read for _, read in self.predict_cuts([self._cut(image, prepared) for image in some]))

    def predict_cuts(self, cuts: Sequence[Cut]) -> list[tuple[NDArray[np.uint8] | None, Prediction]]:
        """The image (28, 28) that is believed of each cut, `None` of a blank one, and what is read in it.

        Of two looks that one is believed which is the likelier digit; not a one that only the second look finds.
        """
        looks = [look for cut in cuts for look in cut.looks]
        read = iter(zip(looks, self.predict_prepared(np.stack(looks)) if looks else (), strict=True))
        result: list[tuple[NDArray[np.uint8] | None, Prediction]] = []
        for cut in cuts:
            image, prediction = (None, self.blank) if cut.image is None else next(read)
            if cut.again is not None:
                again, second = next(read)
                if second.digit != 1 and second.trust > prediction.trust:
                    image, prediction = again, second
            result.append((image, replace(prediction, several=True) if cut.several else prediction))
        return result

    def predict_prepared(self, images: NDArray[np.uint8]) -> list[Prediction]:
        """What the network reads in images uint8 (N, 28, 28) as they are, none of them blank."""
        chances: list[float | None] = [None] * len(images)
        if self.rejector is None:
            rows = self.probabilities(images)
        else:
            inputs, rows = self.rejector_inputs(images)
            chances = self.rejector.chances(inputs).tolist()
        return [
            self._judged(digit, probabilities, chance)
            for digit, probabilities, chance in zip(rows.argmax(axis=1).tolist(), rows.tolist(), chances, strict=True)
        ]

    def _judged(self, digit: int, probabilities: list[float], chance: float | None) -> Prediction:
        probability = probabilities[digit]
        if self.rejector is None or chance is None:
            rejected = self.rejection_threshold is not None and probability < self.rejection_threshold
            unsure = False
        else:
            rejected = chance < self.rejector.no_digit
            unsure = not rejected and chance * probability < self.rejector.sure
        return Prediction(digit, probability, tuple(probabilities), rejected, unsure, chance)

    def chances(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How likely each image uint8 (N, 28, 28) is a digit. Raises `InputError` for a run without a rejector."""
        if self.rejector is None:
            raise InputError("This run has no rejector; `exmachina calibrate RUN --rejector` gives it one.")
        return self.rejector.chances(self.rejector_inputs(images)[0])

    def rejector_inputs(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What a rejector reads of each image, (N, `features`), and the probabilities (N, classes) at its end."""
        before, last = last_values(self.network), self.network.layers[-1].name
        values = self._reader.values(_checked(images), [before, last])
        probabilities = softmax(values[last] / np.float32(self.temperature))
        rows = values[before].reshape(len(images), -1)
        return np.concatenate([rows, values[last], probabilities], axis=1), probabilities

    @property
    def blank(self) -> Prediction:
        """What is read in an image without ink."""
        return Prediction(None, 0.0, (0.0,) * self.network.classes, rejected=True)

    def _cut(self, image: AnyImage, prepared: bool) -> Cut:
        if not prepared:
            return cut_out(read_image(image) if isinstance(image, str | Path) else image)
        try:
            return Cut(self.prepare(image, prepared=True))
        except NoInk:
            return Cut(None)

    def prepare(self, image: AnyImage, *, prepared: bool = False) -> NDArray[np.uint8]:
        """The uint8 (28, 28) image that the network sees. Raises `InputError` for no picture, `NoInk` for a blank."""
        if not prepared:
            believed, _ = self.predict_cuts([self._cut(image, prepared)])[0]
            if believed is None:
                raise NoInk("The picture is blank; draw or choose a darker digit.")
            return believed
        if not isinstance(image, np.ndarray) or image.shape != (SIDE, SIDE) or image.dtype != np.uint8:
            raise InputError("Only a uint8 array (28, 28) can be prepared already; leave out `prepared`.")
        if not image.any():
            raise NoInk("The image is blank; draw a digit.")
        return image

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Class probabilities (N, classes) of images uint8 (N, 28, 28), calibrated by the run's temperature."""
        return softmax(self.logits(images) / np.float32(self.temperature))

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The scores (N, classes) before softmax of images uint8 (N, 28, 28)."""
        return self._reader.logits(_checked(images))

    def layer(self, images: NDArray[np.uint8], name: str) -> NDArray[np.float32]:
        """One layer's output after activation for images uint8 (N, 28, 28), N as large as you like.

        Maps are (N, channels, height, width), rows (N, units). Raises `InputError` for a layer that there is not.
        """
        if name not in {layer.name for layer in self.network.layers}:
            names = ", ".join(layer.name for layer in self.network.layers)
            raise InputError(f"Network '{self.network.name}' has no layer '{name}'. Choose one of: {names}.")
        values = self._inspected.values(_checked(images), [name])[name]
        return softmax(values) if name == self.network.layers[-1].name else values

    def layers(self, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Every layer's output after activation, by name, for images uint8 (N, 28, 28); then the logits.

        Maps are (N, channels, height, width), rows (N, units).
        """
        values = self._inspected.values(_checked(images))
        last = self.network.layers[-1].name
        return {**values, last: softmax(values[last]), "logits": values[last]}

    def accuracy(self, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> float:
        """Fraction of images uint8 (N, 28, 28) that are read as labelled (N,). Raises `InputError` for none."""
        if not len(images) or len(images) != len(labels):
            raise InputError(f"Accuracy needs images and as many labels, not {len(images)} and {len(labels)}.")
        return float((self.logits(images).argmax(axis=1) == labels).mean())

    @cached_property
    def _reader(self) -> Model:
        model = Model(self.network, threads=self.threads)
        model.set(self.weights)
        return model

    @cached_property
    def _inspected(self) -> Model:
        model = Model(self.network, keeps_values=True, threads=self.threads)
        model.set(self.weights)
        return model


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities (N, classes) of scores (N, classes)."""
    exponentials = np.exp(scores - np.maximum.reduce(scores, axis=1, keepdims=True))
    total: Any = np.add.reduce(exponentials, axis=1, keepdims=True)
    probabilities: NDArray[np.float32] = exponentials / total
    return probabilities


def _checked(values: Any) -> NDArray[np.uint8]:
    images: NDArray[np.uint8] = np.asarray(values)
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE) or images.dtype != np.uint8:
        raise InputError(f"Images must be uint8 (N, 28, 28), not {images.dtype} {images.shape}.")
    return images
