"""The class's drawings against kill -9 and a full disk, with a real server.

python benchmarks/durability.py [--rounds 20] [--full FOLDER]

A round starts a server, sends drawings from four learners as fast as it takes them, kills it with SIGKILL and counts,
when it is up again, what was acknowledged and is gone. `--full` names a folder on a small disk (for instance a tmpfs:
`mount -t tmpfs -o size=3m none FOLDER`): there drawings are sent until the disk is full, deleted, and sent again.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time

import httpx

SERVER = """
import sys
from pathlib import Path
from exmachina.lesson.server import Settings, serve
settings = Settings(data_folder=Path(sys.argv[1]))
serve(port=0, open_browser=False, on_ready=lambda address: print(address, flush=True), settings=settings)
"""
LEARNERS = 4
IMAGE = [9] * 784


def start(folder: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-c", SERVER, folder], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def everything(client: httpx.Client) -> list[int]:
    """The numbers of a learner's drawings, page after page."""
    result, path = [], "/api/v1/collection"
    while path:
        answer = client.get(path)
        result += [drawing["id"] for drawing in answer.json()]
        path = answer.links.get("next", {}).get("url", "")
    return result


def kill_rounds(rounds: int) -> dict[str, int]:
    """Send, kill, start again and count."""
    acknowledged: dict[int, list[int]] = {learner: [] for learner in range(LEARNERS)}
    cookies: dict[int, httpx.Cookies] = {}
    lost = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            process, address = start(folder)
            clients = {
                learner: httpx.Client(base_url=address, cookies=cookies.get(learner), trust_env=False, timeout=60)
                for learner in range(LEARNERS)
            }
            for learner, client in clients.items():
                client.get("/")
                cookies[learner] = client.cookies
                lost += len(set(acknowledged[learner]) - set(everything(client)))
            threads = [
                threading.Thread(target=send, args=(client, acknowledged[learner]))
                for learner, client in clients.items()
            ]
            for thread in threads:
                thread.start()
            time.sleep(random.Random(number).uniform(0.2, 1.5))
            process.kill()
            for thread in threads:
                thread.join()
            process.wait()
    return {"kills": rounds, "acknowledged": sum(map(len, acknowledged.values())), "lost": lost}


def send(client: httpx.Client, acknowledged: list[int]) -> None:
    """Until the server is gone."""
    strokes = [[[n, n % 9] for n in range(50)]]
    try:
        while True:
            body = {"label": 1, "strokes": strokes, "image": IMAGE}
            answer = client.post("/api/v1/collection", json=body)
            if answer.status_code == 201:
                acknowledged.append(answer.json()["id"])
    except httpx.HTTPError:
        return


def full_disk(folder: str) -> dict[str, object]:
    """Fill it, delete, and go on."""
    process, address = start(folder)
    try:
        with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
            client.get("/")
            body = {"label": 1, "strokes": [[[n * 3, (n * 7) % 101] for n in range(900)]], "image": IMAGE}
            kept, refused = 0, None
            while refused is None:
                answer = client.post("/api/v1/collection", json=body)
                kept += answer.status_code == 201
                refused = answer if answer.status_code != 201 else None
            readable = len(everything(client))
            deleted = client.delete("/api/v1/collection").json()
            again = client.post("/api/v1/collection", json=body).status_code
    finally:
        process.terminate()
        process.wait()
    line = f"{refused.status_code} {refused.json()['error']}"
    return {"kept": kept, "then": line, "readable": readable, **deleted, "kept again": again}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--full", help="a folder on a small disk")
    options = parser.parse_args()
    print(json.dumps(full_disk(options.full) if options.full else kill_rounds(options.rounds)))


if __name__ == "__main__":
    main()
