"""The user's files lie where the user says, or where the platform keeps such things."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from exmachina.errors import InputError
from exmachina.evaluation.user_folder import user_folder


def test_the_users_own_choice_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EXMACHINA_DATA", str(tmp_path / "mine"))
    assert user_folder() == tmp_path / "mine"
    monkeypatch.setenv("EXMACHINA_DATA", "~/mine")
    assert user_folder() == Path.home() / "mine"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no ~name")
def test_a_home_of_nobody_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXMACHINA_DATA", "~nosuchuser/x")
    with pytest.raises(InputError, match="nosuchuser"):
        user_folder()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG is for the other systems")
def test_without_a_choice_it_is_where_xdg_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("EXMACHINA_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_folder() == tmp_path / "exmachina"
