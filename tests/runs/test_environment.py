"""What a run records about where it was made."""

from __future__ import annotations

import platform
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from exmachina.runs import environment, git_revision, hardware, versions

ROOT = Path(__file__).parents[2]


def test_versions_are_those_installed() -> None:
    assert versions()["python"] == platform.python_version()
    assert versions()["numpy"] == np.__version__


def test_hardware_names_processor_and_cores() -> None:
    assert hardware()["processor"]
    assert hardware()["cores"] >= 1


@pytest.mark.skipif(not (ROOT / ".git").is_dir(), reason="needs a git checkout")
def test_revision_is_gits_own() -> None:
    asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    git_revision.cache_clear()
    assert git_revision() == (asked.stdout.strip() or git_revision())
    assert re.fullmatch("[0-9a-f]{40}", git_revision() or "")


def test_installed_package_has_no_revision_even_inside_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("0" * 40)
    installed = tmp_path / ".venv" / "site-packages" / "exmachina" / "runs" / "environment.py"
    monkeypatch.setattr(environment, "__file__", str(installed))
    git_revision.cache_clear()
    assert git_revision() is None
    git_revision.cache_clear()


def test_packed_reference_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git" / "packed-refs").write_text(f"{'a' * 40} refs/heads/notmain\n{'b' * 40} refs/heads/main\n")
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "src" / "exmachina" / "runs" / "environment.py"))
    git_revision.cache_clear()
    assert git_revision() == "b" * 40
    git_revision.cache_clear()
