"""A CSV file is a plain file of short lines of plain numbers, or one line that says why not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exmachina.data import load_csv
from exmachina.errors import InputError

ROW = ",".join(["7", *["0"] * 784])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_pipe_or_endless_device_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "endless.csv").symlink_to("/dev/zero")
    for name in ("pipe.csv", "endless.csv"):
        with pytest.raises(InputError, match="not a plain file"):
            load_csv(tmp_path / name)


def test_endless_line_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text(ROW + "\n" + "1," * 50_000_000)
    with pytest.raises(InputError, match="line 2 is over 16,384 characters"):
        load_csv(tmp_path / "long.csv")


def test_quoted_line_break_does_not_join_lines(tmp_path: Path) -> None:
    (tmp_path / "quoted.csv").write_text(ROW + '\n"7\n' * 1000)
    with pytest.raises(InputError, match="line 2"):
        load_csv(tmp_path / "quoted.csv")


def test_file_of_many_gigabytes_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(3 << 30)  # a hole: nothing is on the disk
    with pytest.raises(InputError, match="larger than 1024 MiB"):
        load_csv(tmp_path / "huge.csv")


@pytest.mark.parametrize("value", ["1_0", "１０", "0x1", "1e1", "9" * 5000])
def test_only_plain_numbers_are_numbers(tmp_path: Path, value: str) -> None:
    (tmp_path / "odd.csv").write_text(ROW.replace(",0", f",{value}", 1), encoding="utf-8")
    with pytest.raises(InputError, match="line 1"):
        load_csv(tmp_path / "odd.csv")
