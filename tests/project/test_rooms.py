"""The size of the rooms: a dozen files at one level, 300 lines a module, 60 lines a function."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = sorted((ROOT / "src").rglob("*.py"))
# A list with one file for each of its entries, however many there are.
LISTS = {"src/exmachina/cli/commands", "tests/lesson/web"}
# Functions that are one table or one drawing from top to bottom; name → why it stays whole.
LONG = {
    "neuron": "one figure, drawn from left to right",
    "train": "the options of one command, each with its help",
    "evaluate": "the options of one command, each with its help",
    "_measured": "every part of an evaluation, in order",
}


@pytest.mark.parametrize("top", ["src", "tests"])
def test_no_room_has_more_than_a_dozen_files_at_one_level(top: str) -> None:
    counts: dict[str, int] = {}
    for file in (ROOT / top).rglob("*.py"):
        if file.name != "__init__.py":
            folder = file.parent.relative_to(ROOT).as_posix()
            counts[folder] = counts.get(folder, 0) + 1
    assert {folder: count for folder, count in counts.items() if count > 12 and folder not in LISTS} == {}


def test_no_module_has_taken_in_a_second_subject() -> None:
    assert [file.name for file in PYTHON if len(file.read_text("utf-8").splitlines()) > 300] == []


def test_long_functions_are_few_and_known() -> None:
    long = {
        node.name
        for file in PYTHON
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 60
    }
    assert long <= LONG.keys()


def test_what_builds_the_package_is_bounded_on_both_sides() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert needed and all(">=" in one and ",<" in one for one in needed)
