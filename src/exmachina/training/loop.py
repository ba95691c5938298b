"""Training from scratch: recipe and data in, events out."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from exmachina.data import Dataset
from exmachina.data.augmentation import augment
from exmachina.errors import InputError, check_number
from exmachina.networks.layers import Network
from exmachina.training.events import Event
from exmachina.training.hardware import choose_device
from exmachina.training.recipes import Recipe
from exmachina.training.session import Batch, Session, pixels, to_tensors


def train(
    recipe: Recipe,
    data: Dataset,
    seed: int = 0,
    *,
    validation: Dataset | None = None,
    test: Dataset | None = None,
    device: str | None = None,
) -> Iterator[Event]:
    """Train from scratch, an event at a time; to stop, cease iterating.

    The last event, `TrainingEnd`, holds the run. `validation` is evaluated after every epoch; `test` once, at
    the very end. The same recipe, data, seed and machine give the same weights. On a CPU with glibc, the process
    keeps up to 1 GiB of memory that training has freed: see `hardware.keep_freed_memory`.
    """
    check_number("seed", seed, 0, 2**63 - 1)
    for part in (data, validation, test):
        if part is not None:
            check_data(part, recipe.network)
    session = Session(recipe, data, seed, choose_device(device), test)
    steps_per_epoch = -(-len(data) // recipe.batch_size)
    steps = max(1, round(recipe.epochs * steps_per_epoch))
    yield from session.events(shuffled_batches(session), steps, steps_per_epoch, validation)


def shuffled_batches(session: Session) -> Iterator[Batch]:
    """The session's images in batches without end, in a new order every epoch."""
    images, labels = to_tensors(session.data, session.device)
    size, augmentation = session.recipe.batch_size, session.recipe.augmentation
    while True:
        order = torch.randperm(len(labels), generator=session.generator, device=session.device)
        for start in range(0, len(labels), size):
            chosen = order[start : start + size]
            yield augment(pixels(images.index_select(0, chosen)), augmentation, session.generator), labels[chosen]


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
