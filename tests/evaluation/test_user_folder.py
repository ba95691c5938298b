import sys
from pathlib import Path

import platformdirs
import pytest

from exmachina.evaluation.user_folder import user_folder


@pytest.fixture
def home(monkeypatch, tmp_path):
    for name in ("EXMACHINA_DATA", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="platformdirs adds an author folder on Windows")
@pytest.mark.parametrize("xdg", [None, "/somewhere/else"])
def test_folder_agrees_with_platformdirs(monkeypatch, xdg):
    monkeypatch.delenv("EXMACHINA_DATA", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    if xdg:
        monkeypatch.setenv("XDG_DATA_HOME", xdg)
    assert user_folder() == Path(platformdirs.user_data_dir("exmachina", False))


def test_the_users_own_choice_comes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("EXMACHINA_DATA", str(tmp_path / "mine"))
    assert user_folder() == tmp_path / "mine"


def test_a_relative_xdg_folder_is_ignored_as_its_specification_asks(monkeypatch, home):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", "relative/path")
    assert user_folder() == home / ".local/share/exmachina"


def test_macos_and_windows_have_their_own_places(monkeypatch, home):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert user_folder() == home / "Library/Application Support/exmachina"
    monkeypatch.setattr(sys, "platform", "win32")
    assert user_folder() == home / "AppData/Local/exmachina"
    monkeypatch.setenv("LOCALAPPDATA", str(home / "Local"))
    assert user_folder() == home / "Local/exmachina"
