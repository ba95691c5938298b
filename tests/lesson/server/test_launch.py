"""From the command to Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import httpx
import pytest

from exmachina.errors import InputError
from exmachina.lesson.server import serve
from exmachina.lesson.server.launch import bind
from lesson_server import PATIENCE

PROGRAM = textwrap.dedent("""
    import sys
    from exmachina.lesson.server import serve
    serve(port=int(sys.argv[1]), open_browser=False, on_ready=lambda address: print(address, flush=True))
    print("goodbye")
""")


def launch(folder: Path, port: int = 0) -> tuple[subprocess.Popen[str], str]:
    environment = {**os.environ, "EXMACHINA_DATA": str(folder)}
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(port)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_everything_cleanly(tmp_path: Path, sign: signal.Signals) -> None:
    process, address = launch(tmp_path)
    assert address.startswith("http://127.0.0.1:") and address.endswith("/")
    client = httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False)
    assert client.get("/api/v1/health").json()["status"] == "ok"
    process.send_signal(sign)
    began = time.monotonic()
    out, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and out == "goodbye\n" and error == ""
    assert time.monotonic() - began < 20  # two seconds and the neighbours' load
    client.close()


def test_busy_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"Port {port} is in use"):
            serve(port=port, open_browser=False)


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 70_000), ("no-such-host.invalid", 8000), ("203.0.113.7", 8000)]
)
def test_impossible_address_is_one_line(host: str, port: int) -> None:
    with pytest.raises(InputError):
        bind(host, port)


def test_others_are_not_let_in_without_a_token() -> None:
    with pytest.raises(InputError, match="give a token"):
        serve(host="0.0.0.0", port=0, open_browser=False)


def test_server_process_needs_no_pytorch() -> None:
    program = (
        "import sys, exmachina.lesson.server.app, exmachina.lesson.server.launch; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_no_part_of_an_answer_waits_for_the_one_before_to_be_acknowledged() -> None:
    with bind("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        listener.listen()
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
