"""Names are the field's words: none is what CONTRIBUTING's glossary says not to say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path for top in ("src", "tests", "benchmarks", "examples", "scripts") for path in (ROOT / top).rglob("*.py")
)
CONTRACT = {"leak"}  # a command's name


@cache
def unwanted() -> set[str]:
    """The glossary's second column, but for words that it allows with another meaning."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.split("### Glossary")[1].split("\n\n")[1]
    cells = [line.split("|")[2] for line in table.splitlines()[2:]]
    return {word.strip().replace(" ", "_") for cell in cells if "(" not in cell for word in cell.split(",")} - CONTRACT


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """What a module names: functions, classes, arguments, variables. A record's fields are keys of JSON as well."""
    fields = {one.target for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for one in node.body
              if isinstance(one, ast.AnnAssign)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node not in fields:
            yield node.lineno, node.id


def test_the_glossary_has_words() -> None:
    assert {"strangers", "other_hands", "siblings", "ledger", "found", "told"} <= unwanted()


@pytest.mark.parametrize("top", ["src", "tests", "benchmarks", "examples", "scripts"])
def test_no_name_is_an_aphorism(top: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in FILES
        if path.is_relative_to(ROOT / top)
        for line, name in names(ast.parse(path.read_text(encoding="utf-8")))
        if name.lower() in unwanted()
    }
    assert wrong == set()


def test_no_file_is_called_by_an_aphorism() -> None:
    stems = {path.stem.removeprefix("test_") for path in FILES if path.parent.name != "commands"}
    assert not stems & unwanted()
    assert not {part for path in FILES for part in path.relative_to(ROOT).parts[:-1]} & unwanted()
