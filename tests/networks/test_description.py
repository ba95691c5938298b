"""A network's description in JSON: there and back, and every way to get it wrong."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from exmachina.errors import InputError
from exmachina.networks import NETWORKS, BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network

VARIED = Network(
    "varied",
    (
        Conv("conv1", filters=4, kernel=5, stride=2, padding=2),
        BatchNorm("norm1", "relu", epsilon=1e-3),
        MaxPool("pool1", size=2),
        Dropout("dropout1", rate=0.25),
        Flatten("flatten1"),
        Dense("dense1", "softmax", units=10),
    ),
    mean=0.1,
    std=0.3,
)

WRONG: list[Any] = [
    *(None, True, False, 0, -1, 1, 3.5, 1e308, -1e-300, 10**9, 10**30, -(10**30), 10**400),
    *("", "x", "relu", "Conv2D", "1", "\n", "a" * 10_000, "\u2028", "\ud800"),
    *([], {}, [[]], [1, 28, 28], [[[[1]]]], {"type": "Conv2D"}, [{"type": "Flatten"}], {"a": {"b": []}}),
    *(float("nan"), float("inf"), float("-inf")),
]


@pytest.mark.parametrize("network", [VARIED, *NETWORKS.values()], ids=lambda network: network.name)
def test_description_survives_json(network: Network) -> None:
    assert Network.from_json(json.loads(json.dumps(network.to_json(), allow_nan=False))) == network


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every value inside a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def with_value(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """`data` with another value at `path`; what lies elsewhere is shared, not copied."""
    if not path:
        return value
    changed = copy.copy(data)
    changed[path[0]] = with_value(data[path[0]], path[1:], value) if path[1:] else value
    return changed


def read(data: Any) -> Network | None:
    """The network, or `None` if it was refused as it should be."""
    try:
        return Network.from_json(data)
    except InputError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 1000
        return None


PLACES = list(places(VARIED.to_json()))


@pytest.mark.parametrize("path", PLACES, ids=str)
def test_any_value_anywhere_is_read_or_refused_in_one_line(path: tuple[Any, ...]) -> None:
    for value in WRONG:
        read(with_value(VARIED.to_json(), path, value))


@pytest.mark.parametrize("path", [path for path in PLACES if path], ids=str)
def test_missing_values_are_read_or_refused_in_one_line(path: tuple[Any, ...]) -> None:
    data = VARIED.to_json()
    target = data
    for key in path[:-1]:
        target = target[key]
    del target[path[-1]]
    network = read(data)
    assert network is None or network != VARIED or path[-1] in ("activation", "kernel", "stride", "padding", "size")


def test_thousands_of_random_changes_are_read_or_refused() -> None:
    generator = random.Random(0)
    for _ in range(3000):
        data: Any = VARIED.to_json()
        for _ in range(generator.randint(1, 4)):
            path = generator.choice([place for place in places(data) if place] or [()])
            value = generator.choice(WRONG) if generator.random() < 0.7 else generator.randint(-3, 300)
            data = with_value(data, path, value)
        network = read(data)
        assert network is None or Network.from_json(network.to_json()) == network


@pytest.mark.parametrize("data", [None, 3, "x", [], {}, [{}], {"layers": {}}, {"layers": [[]]}], ids=str)
def test_what_is_no_description_is_refused(data: Any) -> None:
    with pytest.raises(InputError, match="Not a network description"):
        Network.from_json(data)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("layers", 0, "kernel"), 10**9),
        (("layers", 0, "filters"), 10**9),
        (("layers", 0, "padding"), 10**9),
        (("layers", 0, "stride"), 0),
        (("layers", 0, "filters"), True),
        (("layers", 0, "filters"), 4.0),
        (("layers", 0, "type"), "Lambda"),
        (("layers", 0, "dilation"), 2),
        (("layers", 5, "units"), "10"),
        (("mean",), "0.1"),
        (("std",), 0),
        (("std",), 10**400),
        (("input_shape",), "28"),
        (("input_shape",), [1, 28]),
        (("surprise",), 1),
        (("name",), ["varied"]),
    ],
    ids=str,
)
def test_lies_are_not_mended(path: tuple[Any, ...], value: Any) -> None:
    data = VARIED.to_json()
    target: Any = data
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    with pytest.raises(InputError):
        Network.from_json(data)
