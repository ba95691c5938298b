"""What the README shows is true."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

import exmachina

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_ten_lines_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code
    exec(compile(code[1], "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert "accuracy" in out and out.splitlines()[-1].startswith("8 (")
    assert (tmp_path / "runs" / "mine" / "model.onnx").exists()


def test_every_file_that_the_pages_of_the_root_link_to_exists() -> None:
    """Those of docs/ are checked as a site, in test_docs.py."""
    for page in ROOT.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_a_package_index_shows_nothing_that_only_the_repository_has() -> None:
    assert not re.search(r"\]\((?!https://)", (ROOT / "PACKAGE.md").read_text(encoding="utf-8"))


def test_the_version_is_said_once_and_cited() -> None:
    assert f"version: {exmachina.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {exmachina.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dynamic"] == ["version"] and "version" not in project


def test_the_hashed_installation_is_the_pinned_one() -> None:
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M))
    pinned = {canonicalize_name(name): version for name, version in pinned.items()}
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock, re.M)}
    assert locked == {name: pinned[name] for name in locked}
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert {canonicalize_name(re.split(r"[^\w.-]", item)[0]) for item in needed} <= locked.keys()
    assert lock.count("==") - lock.splitlines()[0].count("==") <= lock.count("--hash=sha256:")


def test_every_command_is_in_the_docs() -> None:
    from exmachina.cli.app import app

    commands = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for command in app.registered_commands:
        name = command.name or (command.callback.__name__ if command.callback else "")
        assert f"`exmachina {name}" in commands, f"docs/commands.md lacks {name}"
        assert command.callback and command.callback.__doc__
