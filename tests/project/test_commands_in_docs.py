"""Every command that a page names can be given as it stands: those of `exmachina`, make's targets, our scripts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
ENDS = {"|", "&&", ";", "→", ">", "&"}


@cache
def commands(page: Path) -> list[list[str]]:
    """The words of every line in a page's blocks of code, and of what stands between backticks."""
    text = page.read_text(encoding="utf-8")
    block = re.compile(r"^ *```\w*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
    lines = [line for code in block.findall(text) for line in code.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`([^`]+)`", block.sub("", text))
    return [words for line in lines if (words := list(first_command(line)))]


def first_command(line: str) -> Iterator[str]:
    """A command's words, without variables before it, and without what it is joined to."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        words = line.split()
    while words and re.match(r"[A-Z_]+=|time$|nice$", words[0]):
        words = words[1:]
    for word in words:
        if word in ENDS:
            return
        yield word


@cache
def options(command: str) -> frozenset[str]:
    """The options of a command of `exmachina`; none if there is no such command."""
    import typer

    from exmachina.cli.app import app

    known = typer.main.get_command(app).commands.get(command)  # type: ignore[attr-defined]
    if known is None:
        return frozenset()
    return frozenset(name for one in known.params for name in (*one.opts, *one.secondary_opts)) | {"--help"}


def test_there_are_commands_to_be_checked() -> None:
    named = [words for page in PAGES for words in commands(page)]
    assert sum(words[0] == "exmachina" for words in named) > 100
    assert sum(words[0] == "make" for words in named) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_of_exmachina_have_these_options(page: Path) -> None:
    for words in commands(page):
        if words[0] == "exmachina" and re.fullmatch(r"[a-z]+", words[1] if len(words) > 1 else ""):
            asked = {word.strip("[]").split("=")[0] for word in words[2:] if re.match(r"\[?--?[a-z]", word)}
            assert options(words[1]) and asked <= options(words[1]), " ".join(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_targets_of_make_and_scripts_with_their_options_are_there(page: Path) -> None:
    for words in commands(page):
        if words[0] == "make":
            asked = {name for word in words[1:] if re.fullmatch(r"[a-z|-]+", word) for name in word.split("|")}
            assert asked <= TARGETS, " ".join(words)
        for place, word in enumerate(words[:2]):
            if re.fullmatch(r"(scripts|benchmarks|notebooks|engine|tests)/[\w/.-]+", word) and "corpus" not in word:
                script = ROOT / word.split("::")[0]
                assert script.exists(), " ".join(words)
                source = script.read_text(encoding="utf-8") if script.is_file() else ""
                for option in words[place + 1 :]:
                    assert not re.match(r"--[a-z]", option) or option.split("=")[0] in source, " ".join(words)
