"""Who takes part, and what each does by its own documentation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contestant:
    """One row of the table. `peer` names a module of `peers`, or a recipe of ours if it has none."""

    name: str
    about: str
    runs: int  # in a full benchmark
    quick_runs: int
    quick_fraction: float  # of the training steps that a quick benchmark takes and scales up
    peer: str | None = None
    needs: str | None = None  # a package that only an extra installs
    backend: str | None = None  # of a recipe of ours, if not the engine

    @property
    def recipe(self) -> str:
        """The recipe of ours that this row trains."""
        return self.name.removesuffix("-torch")


REFERENCE = "keras-tutorial"

CONTESTANTS = (
    Contestant(
        REFERENCE,
        "the textbook network in TensorFlow-Keras, Adadelta, 6 epochs",
        runs=1,
        quick_runs=5,  # all ratios hang on it
        quick_fraction=0.02,
        peer="keras_tutorial",
        needs="tensorflow",
    ),
    Contestant(
        "pytorch-tutorial",
        "the same in plain PyTorch",
        runs=1,
        quick_runs=1,
        quick_fraction=0.01,
        peer="pytorch_tutorial",
        needs="torch",
    ),
    Contestant(
        "pytorch-example",
        "PyTorch's own MNIST example, 14 epochs",
        runs=1,
        quick_runs=1,
        quick_fraction=0.005,
        peer="pytorch_example",
        needs="torch",
    ),
    Contestant(
        "classic-torch",
        "the tutorial's recipe in our loop, on PyTorch",
        runs=1,
        quick_runs=1,
        quick_fraction=0.02,
        needs="torch",
        backend="torch",
    ),
    Contestant(
        "fast-torch",
        "our small network, on PyTorch",
        runs=5,
        quick_runs=3,
        quick_fraction=1.0,
        needs="torch",
        backend="torch",
    ),
    Contestant("classic", "the tutorial's recipe, on the engine", runs=10, quick_runs=3, quick_fraction=0.05),
    Contestant("sprint", "the tutorial's network, our schedule", runs=10, quick_runs=1, quick_fraction=0.2),
    Contestant("fast", "a small network, our schedule", runs=20, quick_runs=20, quick_fraction=1.0),
    Contestant("accurate", "a deeper network, augmented, 30 epochs", runs=1, quick_runs=1, quick_fraction=0.01),
)
