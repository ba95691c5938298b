#!/usr/bin/env python3
"""Train a run that ships on with a background class, so that its last values tell digits from what is none.

    python scripts/teach_background.py RUN [--out FOLDER]

Twelve epochs at .004, some 35 minutes on two cores.

Digits: what `exmachina train --recipe accurate --hands` learned, more of them bent, narrow, bold and by pens, and
digits worn by lines, rough paper, dust and patterns (`exmachina.data.hands.worn`).
Background: 90,000 made-up images that are none, of other seeds than those that the rejector is fitted to, none of them
made from the images that the run held out. Two cores make them in some three minutes. Afterwards: `exmachina calibrate
RUN --temperature` and `scripts/fit_rejectors.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from exmachina.classifier import Classifier
from exmachina.data import Dataset, load_mnist_split, split
from exmachina.data.hands import with_hands
from exmachina.data.hands.mixture import worn_digits
from exmachina.evaluation.ood.rejector import HANDS, RejectorData, rejector_data
from exmachina.evaluation.results import Subject
from exmachina.evaluation.test_set.test_set_log import open_for_all
from exmachina.runs import Run, find_run
from exmachina.training import EpochEnd, Event, TrainingEnd, get_recipe
from exmachina.training.background import learn_background
from exmachina.training.learner import score

EPOCHS, RATE = 12, 0.004
SEEDS, IMAGES = (1, 2), 45_000  # of each seed
MORE, WORN = ("altered", "pens", "bold"), 40_000  # hands that are learned more of, and digits that are worn


def main() -> None:
    """Make the images, train on, measure once on the test set and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    run = Run.load(options.run)
    held_out = run.splits["held_out"]
    parts = split(load_mnist_split("train"), held_out["images"], seed=held_out["seed"])
    with ProcessPoolExecutor(2) as workers:
        made = list(workers.map(partial(rejector_data, parts.train, IMAGES), SEEDS))
    hands = [with_hands(parts.train, run.seed), *(of_hands(data) for data in made)]
    digits = joined([*hands, worn(parts.train, run.seed)])
    background = np.concatenate([data.non_digits for data in made])
    recipe = get_recipe(run.recipe["name"]).replace(epochs=EPOCHS, learning_rate=RATE)
    taught = last(learn_background(run, recipe, digits, background, run.seed, validation=parts.validation))
    test = load_mnist_split("test")
    open_for_all(test.images, test.labels, [Subject.of(taught).digest])
    loss, accuracy = score(Classifier.from_run(taught).logits(test.images), test.labels)
    splits = {**taught.splits, "background": {**taught.splits["background"], "worn": WORN}}
    taught = replace(taught, splits=splits, test_loss=loss, test_accuracy=accuracy)
    print(f"test accuracy {accuracy:.2%}; saved in {taught.save(options.out or find_run(options.run), onnx=False)}")


def of_hands(data: RejectorData) -> Dataset:
    """The digits by the hands of `MORE`."""
    return data.digits[np.isin(data.hands, [list(HANDS).index(hand) for hand in MORE])]


def worn(train: Dataset, seed: int) -> Dataset:
    """Digits as paper, pens and scanners spoil them."""
    digits = list(islice(worn_digits(train, np.random.default_rng([seed, 11])), WORN))
    return Dataset(np.stack([image for image, _ in digits]), np.array([label for _, label in digits], np.uint8))


def joined(parts: list[Dataset]) -> Dataset:
    """Data sets one after the other, under the first one's name."""
    images, labels = (np.concatenate([getattr(part, name) for part in parts]) for name in ("images", "labels"))
    return Dataset(images, labels, parts[0].name)


def last(events: Iterator[Event]) -> Run:
    """The run at the end; a line for every epoch."""
    for event in events:
        if isinstance(event, EpochEnd):
            print(f"epoch {event.epoch}: loss {event.loss:.4f}, held out {event.validation_accuracy:.2%}", flush=True)
        if isinstance(event, TrainingEnd):
            return event.run
    raise AssertionError("a training ends with TrainingEnd")


if __name__ == "__main__":
    main()
