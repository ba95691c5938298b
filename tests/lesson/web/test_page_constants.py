"""Numbers that the page and the library both state are the same: of one name, in modules that do the same."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import exmachina

WEB = Path(exmachina.__file__).parent / "lesson" / "web"
PAIRS = {
    "network/centring.js": ("images", "images.mnist"),
    "network/normalize.js": ("images", "images.mnist"),
    "network/paper.js": ("images.paper", "images.materials"),
    "network/materials.js": ("images.materials",),
    "network/sheet.js": ("images.sheet",),
    "network/clean.js": ("images.clean",),
    "network/photo.js": ("images.mnist",),
    "network/strokes.js": ("images.strokes",),
    "network/assess.js": ("lesson.assess", "evaluation.calibration.reliability"),
    "engine/model.js": ("engine.model", "engine.optimizer"),
    "engine/finetuning.js": ("training.finetuning",),
    "panels/use/picture.js": ("images.files",),
    "panels/use/page.js": ("reading.sheet",),
}


def constants(path: Path) -> dict[str, Any]:
    """A module's constants that are plain numbers, texts or lists of them."""
    values: dict[str, Any] = {}
    code = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
    for names, text in re.findall(r"^(?:export )?const ([A-Z_0-9]+|\[[A-Z_0-9, ]+\]) = ([^;]+);", code, re.MULTILINE):
        if re.fullmatch(r"[\s\w.,*/+\-\"\[\]]+", text) and not re.search(r"[a-df-z]\w*\.|new |Math", text):
            value = evaluated(ast.parse(text.strip(), mode="eval").body)
            values |= (
                dict(zip(names.strip("[]").split(", "), value, strict=True)) if names[0] == "[" else {names: value}
            )
    return values


def evaluated(node: ast.expr) -> Any:
    """Numbers, texts, lists, and the sums and quotients that a constant is written as."""
    if isinstance(node, ast.List):
        return [evaluated(one) for one in node.elts]
    if isinstance(node, ast.BinOp):
        left, right = evaluated(node.left), evaluated(node.right)
        return left / right if isinstance(node.op, ast.Div) else left * right
    return ast.literal_eval(node)


@pytest.mark.parametrize("page", PAIRS)
def test_constants_are_the_library_s(page: str) -> None:
    theirs = constants(WEB / page)
    ours: dict[str, Any] = {}
    for name in PAIRS[page]:
        ours |= vars(import_module(f"exmachina.{name}"))
    shared = [name for name in theirs if name in ours]
    assert shared
    for name in shared:
        value = ours[name]
        if name == "KINDS":  # the engine's order; the page has the names that a network's JSON has
            value = [kind.kind for kind in value]
        assert theirs[name] == (list(value) if isinstance(value, tuple) else value), name
