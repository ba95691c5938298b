"""Why it erred: every mistake with what the network thought, what it looked at, and what it took the image for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.arrays import Floats, Images, Labels, check_scores, softmax, surest_mistakes
from exmachina.evaluation.datasets.label_votes import REJECTED_LABELS, Votes, is_mnist_test
from exmachina.runs import Run

NEIGHBOURS = 3
CHUNK = 10_000
TOGETHER = 32  # mistakes that are compared with all training images at once


@dataclass(frozen=True)
class Neighbour:
    """A training image that the network holds for most like the mistaken one, by its last hidden layer."""

    index: int
    label: int
    distance: float
    image: NDArray[np.uint8] = field(repr=False)


@dataclass(frozen=True)
class Mistake:
    """A misread image. `top` holds the three likeliest digits with their probabilities.

    `attribution` (28, 28): what each pixel adds to the logit of the digit read, less what it adds to the label's
    (integrated gradients); None where it was not asked for. `votes` are people's, where the label is disputed.
    """

    index: int
    label: int
    top: tuple[tuple[int, float], ...]
    image: NDArray[np.uint8] = field(repr=False)
    neighbours: tuple[Neighbour, ...] = ()
    attribution: NDArray[np.float32] | None = field(default=None, repr=False)
    votes: Votes | None = None

    @property
    def read(self) -> int:
        """The digit that the network read."""
        return self.top[0][0]


@dataclass(frozen=True)
class Embedding:
    """Test images as points (n, 2) by their last hidden layer; `indices` (n,) says which, `method` how."""

    method: str
    points: NDArray[np.float64] = field(repr=False)
    indices: NDArray[np.int64] = field(repr=False)
    labels: Labels = field(repr=False)
    wrong: NDArray[np.bool_] = field(repr=False)


@dataclass(frozen=True)
class Mistakes:
    """`total` mistakes, of which the surest are `shown`, and the map of all images."""

    total: int
    shown: tuple[Mistake, ...]
    layer: str
    searched: int  # training images among which the neighbours were looked for
    embedding: Embedding


def explain_mistakes(
    run: Run,
    logits: Floats,
    train: Dataset,
    test: Dataset,
    *,
    most: int = 200,
    attributed: int = 200,
    searched: int = 60_000,
    mapped: int = 1_500,
    seed: int = 0,
) -> Iterator[str | Mistakes]:
    """Yield what is being done, and at last the mistakes, the surest first, `most` of them at most."""
    check_scores(logits, test.labels)
    probabilities = softmax(logits)
    wrong = probabilities.argmax(axis=1) != test.labels
    order = surest_mistakes(probabilities, test.labels)[:most]
    classifier, layer = Classifier.from_run(run), last_hidden(run)
    known = train[:searched]
    yield "nearest training digits"
    neighbours = nearest(
        features(classifier, layer, test.images[order]), features(classifier, layer, known.images), known
    )
    voted = is_mnist_test(test.labels)
    shown = []
    for place, index in enumerate(order):
        top = np.argsort(-probabilities[index], kind="stable")[:3]
        shown.append(
            Mistake(
                index=int(index),
                label=int(test.labels[index]),
                top=tuple((int(digit), float(probabilities[index, digit])) for digit in top),
                image=test.images[index],
                neighbours=neighbours[place],
                attribution=_attribution(run, test, int(index), int(top[0])) if place < attributed else None,
                votes=REJECTED_LABELS.get(int(index)) if voted else None,
            )
        )
        if place % 20 == 19:
            yield f"{place + 1} of {len(order)} mistakes explained"
    yield "a map of all digits"
    embedding = embed(classifier, layer, test, wrong, mapped, seed)
    yield Mistakes(int(wrong.sum()), tuple(shown), layer, len(known), embedding)


def last_hidden(run: Run) -> str:
    """The layer whose output the last layer weighs."""
    layers = run.network.layers
    return layers[-2].name if len(layers) > 1 else layers[-1].name


def features(classifier: Classifier, layer: str, images: Images) -> NDArray[np.float32]:
    """What one layer makes of images (N, 28, 28), as rows (N, values)."""
    if not len(images):
        return np.zeros((0, 1), np.float32)
    parts = [classifier.layer(images[start : start + CHUNK], layer) for start in range(0, len(images), CHUNK)]
    return np.concatenate([part.reshape(len(part), -1) for part in parts])


def nearest(asked: Floats, known: Floats, train: Dataset) -> list[tuple[Neighbour, ...]]:
    """For each row of `asked` (N, k) the nearest rows of `known` (M, k), which are the images of `train`."""
    result = []
    size = max(float(np.abs(known).max(initial=0)), float(np.abs(asked).max(initial=0))) or 1.0
    if not np.isfinite(size):
        raise InputError("The network's last hidden layer holds nan or infinity; train it anew.")
    known, asked = known / np.float32(size), asked / np.float32(size)  # lest a square overflow
    lengths = np.square(known).sum(axis=1)
    count = min(NEIGHBOURS, len(known))
    for number, row in enumerate(asked):
        if number % TOGETHER == 0:  # one product for several reads `known` once for all of them
            products = asked[number : number + TOGETHER] @ known.T
        squares = lengths - 2 * products[number % TOGETHER] + np.square(row).sum()
        best = np.argpartition(squares, count - 1)[:count]
        best = best[np.argsort(squares[best], kind="stable")]
        result.append(
            tuple(
                Neighbour(int(i), int(train.labels[i]), size * float(np.sqrt(max(squares[i], 0))), train.images[i])
                for i in best
            )
        )
    return result


def embed(
    classifier: Classifier, layer: str, test: Dataset, wrong: NDArray[np.bool_], count: int, seed: int = 0
) -> Embedding:
    """A map (n, 2) of `count` test images at most, up to a third of them mistakes, on which like lies near like.

    t-SNE (van der Maaten and Hinton 2008) on the layer's 30 principal components; with fewer than 200 images, or a
    layer that says nothing, the two principal components themselves.
    """
    generator = np.random.default_rng([seed, 6])
    missed, right = np.flatnonzero(wrong), np.flatnonzero(~wrong)
    missed = generator.permutation(missed)[: count // 3]
    right = generator.permutation(right)[: count - len(missed)]
    chosen = np.sort(np.concatenate([missed, right]))
    rows = features(classifier, layer, test.images[chosen]).astype(np.float64)
    rows /= np.abs(rows).max(initial=0) or 1.0  # lest a square overflow
    rows -= rows.mean(axis=0)
    method = "t-SNE"
    if len(chosen) < 200 or not rows.any() or min(rows.shape) < 3:
        method = "principal components"
        points = np.zeros((len(chosen), 2))
        if rows.any() and min(rows.shape) >= 2:
            points = principal_coordinates(rows, 2)
    else:
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits

        reduced = principal_coordinates(rows, min(30, *rows.shape))
        # Its threads wait for one another by spinning, 500 times over: on busy cores that costs more than it saves.
        with threadpool_limits(1, user_api="openmp"):
            points = TSNE(2, init="pca", perplexity=30, max_iter=500, random_state=seed).fit_transform(reduced)
    return Embedding(method, np.asarray(points, np.float64), chosen, test.labels[chosen], wrong[chosen])


def principal_coordinates(rows: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Centred rows (n, k) on their `count` principal components, the largest first: (n, count)."""
    n, k = rows.shape
    if k <= n:
        _, directions = eigh(rows.T @ rows, subset_by_index=(k - count, k - 1))
        return np.asarray(rows @ directions[:, ::-1])
    squares, left = eigh(rows @ rows.T, subset_by_index=(n - count, n - 1))  # the same from the smaller matrix
    return np.asarray((left * np.sqrt(np.maximum(squares, 0)))[:, ::-1])


def _attribution(run: Run, test: Dataset, index: int, read: int) -> NDArray[np.float32]:
    """What speaks for the digit read rather than for the label, pixel by pixel."""
    from exmachina.inspection import attribute

    label = int(test.labels[index])
    method = "integrated_gradients"
    image = test.images[index]
    return (
        attribute(run, image, read, (method,))[method].values - attribute(run, image, label, (method,))[method].values
    )
