"""What a caller could err in is said: shapes of arrays, and that an error comes, for every name in the reference."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
REFERENCE = [ROOT / "docs" / page for page in ("reference/python.md", "how-to/scikit-learn.md")]
NAMES = [name for page in REFERENCE for name in re.findall(r"^::: exmachina\.([\w.]+)", page.read_text("utf-8"), re.M)]
ARRAY = re.compile(r"NDArray|ArrayLike")
SHAPE = re.compile(r"\([A-Z\dh][\w, +…]*,[\w, +…]*\)|any shape")


def functions(name: str) -> Iterator[tuple[str, Any]]:
    """A documented function, or a class's own public methods."""
    module, _, own = f"exmachina.{name}".rpartition(".")
    documented = getattr(import_module(module), own)
    if inspect.isfunction(documented):
        yield own, documented
    for part, value in vars(documented).items() if inspect.isclass(documented) else ():
        method = inspect.unwrap(getattr(value, "__func__", value))
        if inspect.isfunction(method) and not part.startswith("_") and method.__doc__:
            yield f"{own}.{part}", method


@pytest.mark.parametrize("name", NAMES)
def test_a_function_that_refuses_says_so_and_arrays_have_shapes(name: str) -> None:
    for own, function in functions(name):
        words = function.__doc__ or ""
        if "raise InputError" in inspect.getsource(function):
            assert "InputError" in words, f"{own} raises, and does not say so"
        if ARRAY.search(" ".join(map(str, function.__annotations__.values()))):
            assert SHAPE.search(words), f"{own} takes or gives arrays of shapes that it does not tell"


def test_there_are_names_to_be_checked() -> None:
    assert len(NAMES) > 40
