"""Hello Ex Machina: an introduction to convolutional networks that learns while you watch.

import exmachina

train, test = exmachina.load_mnist()
run = exmachina.fit(exmachina.get_recipe("fast"), train, seed=0, test=test)  # exmachina.train tells of every step
print(run.test_accuracy, exmachina.Classifier.from_run(run).predict("photo.png"))
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exmachina.batch import FilePrediction, predict_many
    from exmachina.classifier import Classifier, Prediction
    from exmachina.data import (
        Dataset,
        load_csv,
        load_data,
        load_idx_folder,
        load_image_folder,
        load_mnist,
        one_hot,
        scale,
        split,
        with_channels,
    )
    from exmachina.errors import InputError
    from exmachina.images.files import read_image
    from exmachina.images.mnist import normalize
    from exmachina.networks import NETWORKS, Network, get_network
    from exmachina.reading import Page, read
    from exmachina.runs import Run
    from exmachina.training import (
        RECIPES,
        Augmentation,
        EpochEnd,
        Event,
        Recipe,
        StepEnd,
        TrainingEnd,
        TrainingStarted,
        finetune,
        fit,
        get_recipe,
        train,
    )

__version__ = "0.1.0"

# Public name → module that defines it. Loaded on first use, so that importing the package costs nothing and
# no command loads more than it needs.
_HOME = {
    "Augmentation": "training",
    "Classifier": "classifier",
    "Dataset": "data",
    "EpochEnd": "training",
    "Event": "training",
    "FilePrediction": "batch",
    "InputError": "errors",
    "NETWORKS": "networks",
    "Network": "networks",
    "Page": "reading",
    "Prediction": "classifier",
    "RECIPES": "training",
    "Recipe": "training",
    "Run": "runs",
    "StepEnd": "training",
    "TrainingEnd": "training",
    "TrainingStarted": "training",
    "finetune": "training",
    "fit": "training",
    "get_network": "networks",
    "get_recipe": "training",
    "load_csv": "data",
    "load_data": "data",
    "load_idx_folder": "data",
    "load_image_folder": "data",
    "load_mnist": "data",
    "normalize": "images.mnist",
    "one_hot": "data",
    "predict_many": "batch",
    "read": "reading",
    "read_image": "images.files",
    "scale": "data",
    "split": "data",
    "train": "training",
    "with_channels": "data",
}

__all__ = [
    "NETWORKS",
    "RECIPES",
    "Augmentation",
    "Classifier",
    "Dataset",
    "EpochEnd",
    "Event",
    "FilePrediction",
    "InputError",
    "Network",
    "Page",
    "Prediction",
    "Recipe",
    "Run",
    "StepEnd",
    "TrainingEnd",
    "TrainingStarted",
    "__version__",
    "finetune",
    "fit",
    "get_network",
    "get_recipe",
    "load_csv",
    "load_data",
    "load_idx_folder",
    "load_image_folder",
    "load_mnist",
    "normalize",
    "one_hot",
    "predict_many",
    "read",
    "read_image",
    "scale",
    "split",
    "train",
    "with_channels",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"exmachina.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'exmachina' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
