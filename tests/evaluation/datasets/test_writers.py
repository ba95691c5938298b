import gzip
import hashlib
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exmachina.errors import InputError
from exmachina.evaluation.datasets import writers as room
from exmachina.evaluation.datasets.writers import (
    FILES,
    download_writers,
    load_writers,
    worst_decile,
)


def table_bytes(rows: Any = 10_000) -> Any:
    """A table in QMNIST's form: column 0 the label, column 2 the writer."""
    table = np.zeros((rows, 8), ">i4")
    table[:, 0], table[:, 2] = np.arange(rows) % 10, 2_000 + np.arange(rows) // 40
    return b"\0\0\x0c\x02" + struct.pack(">II", rows, 8) + table.tobytes()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A web server on this machine that offers a table, its address, and what it has been asked for."""
    raw = gzip.compress(table_bytes())
    monkeypatch.setitem(room.SHA256, "test", hashlib.sha256(raw).hexdigest())
    asked = []

    class Handler(BaseHTTPRequestHandler):
        content = raw

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", asked, Handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_writers_are_downloaded_once_and_read_from_the_folder(served: Any, tmp_path: Path) -> None:
    url, asked, _ = served
    for _ in range(2):
        download_writers("test", folder=tmp_path / "data", base_url=url)
    assert asked == ["/" + FILES["test"]]
    assert [path.name for path in (tmp_path / "data").iterdir()] == [FILES["test"]]
    result = load_writers("test", folder=tmp_path / "data")
    assert (len(result), result.ids[0], result.ids[-1]) == (250, 2_000, 2_249)
    assert (result.labels == np.arange(10_000) % 10).all()


def test_a_download_with_another_hash_leaves_nothing_behind(served: Any, tmp_path: Path) -> None:
    url, _, handler = served
    handler.content = handler.content[:-1] + b"?"
    with pytest.raises(InputError, match="SHA-256 differs"):
        download_writers("test", folder=tmp_path, base_url=url)
    assert list(tmp_path.iterdir()) == []


def test_offline_is_told_in_one_line_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="go online once or give the file by path") as caught:
        download_writers("test", folder=tmp_path, base_url="http://127.0.0.1:9/")
    assert "\n" not in str(caught.value)


def test_absent_writers_are_told_in_one_line_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="download them or give qmnist-test-labels"):
        load_writers("test", folder=tmp_path)


def test_a_folder_that_cannot_be_written_is_told_in_one_line(served: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="set EXMACHINA_DATA"):
        download_writers("test", folder=tmp_path / "file" / "data", base_url=served[0])


@pytest.mark.parametrize("compressed", [False, True])
def test_a_table_by_path_may_be_gzipped_or_not(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "table"
    path.write_bytes(gzip.compress(table_bytes()) if compressed else table_bytes())
    assert len(load_writers("test", path)) == 250


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08\x01" + struct.pack(">I", 4) + b"abcd",  # another IDX type
        table_bytes()[:-4],
        table_bytes() + b"\0",
        table_bytes(9_999),
        b"\0\0\x0c\x02" + struct.pack(">II", 4_000_000_000, 8),
        gzip.compress(table_bytes())[:-40],
        b"\x1f\x8b\x08" + b"rubbish" * 9,
        lambda: gzip.compress(bytes(300_000_000), 1),  # a bomb: nothing but zeros; packed where it is asked for alone
    ],
)
def test_tables_that_are_not_qmnists_are_refused_in_one_line(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "table"
    path.write_bytes(content() if callable(content) else content)
    with pytest.raises(InputError) as caught:
        load_writers("test", path)
    assert "\n" not in str(caught.value)


def test_labels_of_other_digits_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_bytes(table_bytes())
    table = load_writers("test", path)
    table.check_labels(np.arange(10_000) % 10)
    with pytest.raises(InputError, match="not MNIST's test set"):
        table.check_labels(np.zeros(10_000, int))


def test_the_worst_tenth_of_twenty_writers_are_the_two_with_most_errors() -> None:
    writers = np.repeat(np.arange(20), 50)
    wrong = np.zeros(1_000, bool)
    wrong[writers == 7] = np.arange(50) < 30
    wrong[writers == 3] = np.arange(50) < 10
    wrong[writers == 11] = np.arange(50) < 5
    worst = worst_decile(wrong, writers, np.random.default_rng(0))
    assert [(hand.writer, hand.errors, hand.n) for hand in worst.writers] == [(7, 30, 50), (3, 10, 50)]
    assert worst.error == pytest.approx(40 / 100)
    assert worst.overall == pytest.approx(0.045)
    assert 0.045 < worst.by_chance < 0.15
    assert worst.p_value == pytest.approx(1 / 201)


def test_kinds_of_writer_that_differ_do_not_make_hands_differ() -> None:
    generator = np.random.default_rng(2)
    writers = np.repeat(np.arange(100), 60)
    students = writers < 50
    wrong = np.asarray(generator.random(6_000) < np.where(students, 0.1, 0.01))
    assert worst_decile(wrong, writers, np.random.default_rng(3)).p_value < 0.05
    assert worst_decile(wrong, writers, np.random.default_rng(3), students).p_value > 0.05


def test_when_writers_do_not_differ_the_worst_decile_is_what_chance_gives() -> None:
    rng = np.random.default_rng(1)
    writers, wrong = np.repeat(np.arange(100), 60), rng.random(6_000) < 0.05
    worst = worst_decile(wrong, writers, rng)
    assert worst.error == pytest.approx(worst.by_chance, rel=0.2)
    assert worst.error > 1.5 * worst.overall  # the trap that `by_chance` is there to show
