"""The pad and the layers: a classifier reading one digit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from exmachina.classifier import Classifier, Prediction
from exmachina.images.strokes import PEN_WIDTH, WIDEST_PEN
from exmachina.inspection import feature_maps
from exmachina.runs import Run
from exmachina.widget.part import Part

if TYPE_CHECKING:
    from exmachina.figures import Plate


class DigitPart(Part):
    """A classifier and an image; `prediction` follows both."""

    classifier = traitlets.Instance(Classifier)
    prediction = traitlets.Instance(Prediction, allow_none=True, read_only=True)
    _classifier = traitlets.Dict().tag(sync=True)

    def __init__(
        self, classifier: Classifier | Run | str | Path, image: NDArray[np.uint8] | None = None, **traits: Any
    ) -> None:
        super().__init__(classifier=_classifier_of(classifier), image=image, **traits)

    def __repr__(self) -> str:
        answer = "nothing to read yet" if self.prediction is None else f"reads {self.prediction}"
        return f"{type(self).__name__} of network '{self.classifier.network.name}': {answer}"

    @traitlets.observe("classifier")
    def _send_classifier(self, _: Any) -> None:
        from safetensors.numpy import save

        weights = {name: np.ascontiguousarray(values) for name, values in self.classifier.weights.items()}
        self._classifier = {
            "network": self.classifier.network.to_json(),
            "weights": save(weights),
            "temperature": self.classifier.temperature,
            "threshold": self.classifier.rejection_threshold,
            "rejector": None if self.classifier.rejector is None else self.classifier.rejector.to_bytes(),
        }

    @traitlets.observe("classifier", "image")
    def _read(self, _: Any) -> None:
        image = self.image
        self.set_trait("prediction", None if image is None else self.classifier.predict(image, prepared=True))


class Pad(DigitPart):
    """A sheet to draw a digit on, and what the network reads in it.

    `classifier` may also be a run, or where one is found. As somebody draws, `image` (uint8 (28, 28), in MNIST's
    convention, or `None`) and `prediction` change; `pad.observe(function, "prediction")` follows them. Both can be
    set: another image is read at once, another classifier reads the same.
    """

    _part = traitlets.Unicode("pad").tag(sync=True)
    strokes: Any = traitlets.List().tag(sync=True)  # each a list of [x, y], on a sheet of 280 × 280
    pen = traitlets.Float(PEN_WIDTH, min=0.1, max=WIDEST_PEN).tag(sync=True)  # pixels of 28

    def picture(self) -> Plate | None:
        from exmachina.figures import confidence

        if self.image is None or self.prediction is None or self.prediction.digit is None:
            return None
        return confidence(self.prediction.probabilities, self.image)


class Layers(DigitPart):
    """Every layer's values for one image, as the page's chapter *See* shows them.

    `traitlets.dlink((pad, "image"), (layers, "image"))` shows what is drawn on a pad.
    """

    _part = traitlets.Unicode("layers").tag(sync=True)

    def picture(self) -> Plate | None:
        from exmachina.figures import feature_overview

        if self.image is None:
            return None
        network = self.classifier.network
        return feature_overview(feature_maps(Run(network, self.classifier.weights, {}), self.image), self.image)


def _classifier_of(source: Classifier | Run | str | Path) -> Classifier:
    if isinstance(source, Classifier):
        return source
    return Classifier.from_run(source) if isinstance(source, Run) else Classifier.load(source)
