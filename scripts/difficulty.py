"""How hard each of MNIST's images is, for networks that had not learned it (evaluation/contamination).

    python scripts/difficulty.py LOSSES.npz     # five minutes on two cores; repeats what the package ships

Six times, four networks of `fast` each learn three quarters of the training images. An image's loss is the mean over
the networks that had not learned it; only its twentieth of the two sets' common order is kept.
"""

from __future__ import annotations

import sys

import numpy as np
from safetensors.numpy import save_file

from exmachina.classifier import Classifier
from exmachina.data import load_mnist
from exmachina.evaluation.arrays import log_softmax
from exmachina.evaluation.contamination.memory import TABLE
from exmachina.evaluation.statistics.cross_validation import folds
from exmachina.evaluation.test_set.test_set_log import fingerprint
from exmachina.training import fit, get_recipe

REPEATS, FOLDS, DEGREES, FIRST_SEED = 6, 4, 20, 9000


def main() -> None:
    """Train, or read the losses that an earlier call kept in the file named."""
    train, test = load_mnist()
    try:
        with np.load(sys.argv[1]) as kept:
            learned, unseen = kept["train"], kept["test"]
    except FileNotFoundError:
        learned, unseen = np.zeros(len(train)), np.zeros(len(test))
        for repeat in range(REPEATS):
            generator = np.random.default_rng([FIRST_SEED + repeat, FOLDS])
            for number, part in enumerate(folds(len(train), FOLDS, generator)):
                kept_images = np.setdiff1d(np.arange(len(train)), part)
                run = fit(get_recipe("fast"), train[kept_images], FIRST_SEED + 10 * repeat + number)
                reader = Classifier.from_run(run)
                scores = log_softmax(reader.logits(train.images[part]))
                learned[part] -= scores[np.arange(len(part)), train.labels[part]] / REPEATS
                scores = log_softmax(reader.logits(test.images))
                unseen -= scores[np.arange(len(test)), test.labels] / REPEATS / FOLDS
        np.savez(sys.argv[1], train=learned, test=unseen)
    edges = np.quantile(np.concatenate([learned, unseen]), np.linspace(0, 1, DEGREES + 1)[1:-1])
    degrees = {"train": learned, "test": unseen}
    save_file(
        {name: np.searchsorted(edges, losses).astype(np.uint8) for name, losses in degrees.items()},
        TABLE,
        metadata={
            "train_set": fingerprint(train.images, train.labels),
            "test_set": fingerprint(test.images, test.labels),
        },
    )


if __name__ == "__main__":
    main()
