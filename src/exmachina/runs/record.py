"""What `run.json` may hold, field by field."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from exmachina.errors import InputError


def check_record(record: dict[str, Any], source: str) -> None:
    """Raise `InputError` unless every field of a run that is there has the type and range it should have."""
    for name in ("network", "recipe"):
        if name not in record:
            raise InputError(f"{source} has no '{name}'; the run is damaged.")
    for name, (valid, rule) in FIELDS.items():
        if name in record and not valid(record[name]):
            raise InputError(f"{source}: '{name}' is {_short(record[name])}; it must be {rule}.")


def to_plain(value: Any) -> Any:
    """`value` as JSON can hold it: plain numbers, objects for dataclasses, `None` for what is not finite."""
    if isinstance(value, int | str):  # most of what comes: the 784 pixels of a digit
        return value
    if is_dataclass(value) and not isinstance(value, type):
        value = {item.name: getattr(value, item.name) for item in fields(value)}
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _number(low: float = -1e300, high: float = 1e300) -> Callable[[Any], bool]:
    def valid(value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

    return valid


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _optional(valid: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or valid(value)


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 1000


def _table(value: Any) -> bool:
    return isinstance(value, dict)


def _history(value: Any) -> bool:
    number = _optional(_number())
    return isinstance(value, list) and all(_table(row) and all(map(number, row.values())) for row in value)


# Field → whether a value will do, and what to say if it will not.
FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "network": (_table, "an object that describes a network"),
    "recipe": (lambda value: _table(value) and _text(value.get("name", "")), "an object with the recipe's name"),
    "seed": (_whole(0, 2**63 - 1), "a whole number from 0 to 2**63 - 1"),
    "history": (_history, "a list of objects that hold numbers"),
    "splits": (_table, "an object"),
    "train_seconds": (_number(0), "a number of at least 0"),
    "test_loss": (_optional(_number(0)), "null or a number of at least 0"),
    "test_accuracy": (_optional(_number(0, 1)), "null or a number from 0 to 1"),
    "precision": (_text, "a short text"),
    "device": (_text, "a short text"),
    "threads": (_whole(1, 1 << 20), "a whole number of at least 1"),
    "interrupted": (lambda value: isinstance(value, bool), "true or false"),
    "rejection_threshold": (_optional(_number(0, 1)), "null or a number from 0 to 1"),
    "temperature": (_number(1e-3, 1e3), "a number from 0.001 to 1000"),
    "versions": (lambda value: _table(value) and all(map(_text, value.values())), "an object of texts"),
    "hardware": (_table, "an object"),
    "git_revision": (_optional(_text), "null or a short text"),
    "created": (_optional(_text), "null or a short text"),
}
