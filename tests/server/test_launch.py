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
from lesson_server import PATIENCE

from exmachina.errors import InputError
from exmachina.server import serve
from exmachina.server.launch import bind

PROGRAM = textwrap.dedent("""
    import sys
    from exmachina.server import serve
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


def children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(folder.name))
    return found


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_everything_cleanly(tmp_path: Path, sign: signal.Signals) -> None:
    process, address = launch(tmp_path)
    assert address.startswith("http://127.0.0.1:") and address.endswith("/")
    client = httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False)
    assert client.get("/api/v1/health").json()["status"] == "ok"
    # In the middle of a training, with somebody watching.
    key = client.post("/api/v1/trainings", json={"changes": {"epochs": 3}}).json()["id"]
    with client.stream("GET", f"/api/v1/trainings/{key}/events") as response:
        lines = response.iter_lines()
        next(line for line in lines if "data" in line)
        workers = children(process.pid) if sys.platform == "linux" else []
        process.send_signal(sign)
        began = time.monotonic()
        rest = list(lines)  # ends in order, not with a broken connection
        out, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and out == "goodbye\n" and error == "" and rest is not None
    assert time.monotonic() - began < 20  # two seconds and the neighbours' load
    assert not any(
        Path(f"/proc/{pid}/cmdline").exists() and b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
        for pid in workers
    )
    assert not list(tmp_path.rglob("*.partial"))
    client.close()


def test_worker_does_not_outlive_a_killed_server(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("looks into /proc")
    process, address = launch(tmp_path)
    assert httpx.get(address + "api/v1/health", trust_env=False).status_code == 200
    end = time.monotonic() + PATIENCE
    while not (workers := children(process.pid)):
        assert time.monotonic() < end
        time.sleep(0.05)
    process.kill()
    process.communicate()
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < end, "the training process lives on"
        time.sleep(0.05)


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
    program = "import sys, exmachina.server.app, exmachina.server.launch; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
