"""Every way through the engine, for a library that watches its own memory: `python exercise.py LIBRARY VARIANT`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import numpy as np
from network_kinds import random_network

from exmachina.data.augmentation import Augmentation
from exmachina.engine import Model, OptimizerSettings
from exmachina.engine.native import NativeLibrary
from exmachina.networks import NETWORKS, Network

AUGMENTATION = Augmentation(2, 10.0, 0.1, 0.2, 0.5, 0.5, 0.5, 0.5, 0.2)
OPTIMIZERS: tuple[Literal["adadelta", "adamw", "sgd"], ...] = ("adamw", "adadelta", "sgd")


def exercise(engine: NativeLibrary, network: Network, seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = 1 + seed % 21
    images = rng.random((count, *network.input_shape), dtype=np.float32)
    labels = rng.integers(0, network.classes, count).astype(np.uint8)
    learner = Model(network, learns=count, explains=True, threads=1 + seed % 3, engine=engine)
    learner.initialize(seed)
    learner.prepare(OptimizerSettings(OPTIMIZERS[seed % 3]), AUGMENTATION.numbers())
    for step in range(2):
        loss, _ = learner.learn(images, labels, rate=1e-3, seed=seed, step=step)
        assert np.isfinite(loss), network
    learner.image_gradient(images, labels)
    classifier = Model(network, keeps_values=True, explains=True, threads=2, engine=engine)
    classifier.set(learner.get())
    values = classifier.values(np.concatenate([images] * 3))
    for name, shown in values.items():
        classifier.image_gradient(images, layer=name, seeds=shown[:count])


if __name__ == "__main__":
    library = NativeLibrary(Path(sys.argv[1]), sys.argv[2])
    networks = [*NETWORKS.values(), *(random_network(seed, dropout=0.3) for seed in range(int(sys.argv[3])))]
    for number, network in enumerate(networks):
        exercise(library, network, number)
    print(f"{len(networks)} networks")
