"""Training from scratch: recipe and data in, events out."""

from __future__ import annotations

import time
from collections.abc import Iterator

from exmachina.data import Dataset
from exmachina.engine import shuffled_order, training_steps
from exmachina.errors import InputError, check_number
from exmachina.networks.layers import Network
from exmachina.runs import Run
from exmachina.training.events import Event, TrainingEnd
from exmachina.training.learner import Batch, Learner, make_learner
from exmachina.training.recipes import Recipe
from exmachina.training.session import Session


def train(
    recipe: Recipe,
    data: Dataset,
    seed: int = 0,
    *,
    validation: Dataset | None = None,
    test: Dataset | None = None,
    backend: str | None = None,
    device: str | None = None,
    threads: int | None = None,
) -> Iterator[Event]:
    """Train from scratch, an event at a time; to stop, cease iterating.

    The last event, `TrainingEnd`, holds the run. `validation` is evaluated after every epoch; `test` once, at
    the very end. `backend` is the engine unless "torch", a `device` other than the CPU or a recipe in bf16 asks for
    PyTorch. `threads`: all cores unless told. The same recipe, data, seed and kind of processor give the same weights,
    on the engine with any number of threads. Raises `InputError` for data that the network does not take, and for a
    backend or device that is not there.
    """
    start = time.perf_counter()
    check_number("seed", seed, 0, 2**63 - 1)
    for part in (data, validation, test):
        if part is not None:
            check_data(part, recipe.network)
    learner = make_learner(recipe, seed, backend=backend, device=device, threads=threads)
    session = Session(recipe, learner, data, seed, start, test)
    steps_per_epoch = -(-len(data) // recipe.batch_size)
    steps = training_steps(recipe.epochs, steps_per_epoch)
    batches = shuffled_batches(learner, data, recipe.batch_size, seed)
    yield from session.events(batches, steps, steps_per_epoch, validation)


def fit(
    recipe: Recipe,
    data: Dataset,
    seed: int = 0,
    *,
    validation: Dataset | None = None,
    test: Dataset | None = None,
    backend: str | None = None,
    device: str | None = None,
    threads: int | None = None,
) -> Run:
    """The run at the end of `train`, for those who need not watch.

    Raises `InputError` for data that the network does not take, and for a backend or device that is not there.
    """
    events = train(
        recipe, data, seed, validation=validation, test=test, backend=backend, device=device, threads=threads
    )
    for event in events:
        if isinstance(event, TrainingEnd):
            return event.run
    raise RuntimeError("training ended without a run")


def shuffled_batches(learner: Learner, data: Dataset, size: int, seed: int) -> Iterator[Batch]:
    """The images in batches without end, in a new order every epoch."""
    images, labels = learner.place(data)
    epoch = 0
    while True:
        order = shuffled_order(len(labels), seed, epoch)
        for start in range(0, len(labels), size):
            yield Batch(images, labels, order[start : start + size])
        epoch += 1


def check_data(data: Dataset, network: Network) -> None:
    """Raise `InputError` unless the network can learn from, or be tested on, these images."""
    if not len(data):
        raise InputError(f"'{data.name}' holds no images.")
    if data.labels.max() >= network.classes:
        raise InputError(
            f"'{data.name}' has label {data.labels.max()}; '{network.name}' tells {network.classes} classes."
        )
    if network.input_shape != (1, *data.images.shape[1:]):
        raise InputError(f"'{network.name}' takes {network.input_shape}, not images of {data.images.shape[1:]}.")
