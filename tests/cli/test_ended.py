"""What befalls a command from outside: ended, out of place, asked for the impossible."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exmachina.cli import main
from exmachina.errors import InputError
from exmachina.evaluation.user_folder import user_folder
from exmachina.lesson import site


def test_folder_of_nobody_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXMACHINA_DATA", "~nosuchuser/x")
    with pytest.raises(InputError, match="EXMACHINA_DATA is '~nosuchuser/x'"):
        user_folder()


@pytest.mark.parametrize(
    "vary",
    ["self=1", "conv1.kind=x", "conv1.layer=1", "conv1.self=1", "conv1.name=x", "network=1", "__class__=1", "=1", "a"],
)
def test_knob_that_is_none_is_one_line(vary: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["experiment", "--recipe", "fast", "--vary", vary, "--seeds", "1"])
    answer = capsys.readouterr()
    assert left.value.code == 2 and answer.err.startswith("exmachina: ") and answer.err.count("\n") == 1
    assert "Traceback" not in answer.err


def test_page_that_cannot_be_written_whole_is_not_written_at_all(
    tmp_path: Path, tiny_run_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def full(path: Path, content: bytes) -> None:
        written.append(path)
        if len(written) > 5:
            raise OSError(28, os.strerror(28))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    monkeypatch.setattr(site, "_write", full)
    with pytest.raises(InputError, match="No space left on device; choose another folder"):
        site.export_site(tmp_path / "site", {"tiny": tiny_run_directory})
    assert list(tmp_path.iterdir()) == []
