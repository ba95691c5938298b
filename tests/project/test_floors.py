"""The floors of the house, and which room may speak to which library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]

# Library → the only rooms that may import it.
HOMES = {
    "typer": {"cli"},
    "rich": {"cli"},
    "fastapi": {"lesson"},
    "starlette": {"lesson"},
    "uvicorn": {"lesson"},
    "matplotlib": {"figures", "report"},
    "IPython": {"widget"},
    "anywidget": {"widget"},
    "traitlets": {"widget"},
    "keras": {"runs", "benchmark"},
    "onnxruntime": {"classifier"},
    "captum": {"inspection"},
    "ray": {"cluster"},
    "pyarrow": {"batch", "cluster"},
    "pickle": set(),
    "marshal": set(),
    "joblib": set(),
    "dill": set(),
    "requests": set(),
}


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Every module of the package and what it imports, wherever in the file it does."""
    graph = grimp.build_graph("exmachina", include_external_packages=True)
    return {
        module: graph.find_modules_directly_imported_by(module)
        for module in graph.modules
        if module.split(".")[0] == "exmachina"
    }


def test_contracts_in_pyproject_hold() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    linter = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert linter.returncode == 0, linter.stdout + linter.stderr


@pytest.mark.parametrize("library", HOMES)
def test_library_is_imported_in_its_rooms_alone(library: str, imports: dict[str, set[str]]) -> None:
    users = {module for module, result in imports.items() if library in result}
    assert {module.split(".")[1] for module in users} <= HOMES[library]
