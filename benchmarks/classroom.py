"""One laptop and a class: simulated learners open the page, draw, share and train, and the teacher watches the wall.

python benchmarks/classroom.py [--learners 40] [--seconds 120] [--run fast] [--json]

The learners come in within a sixth of the time. Each loads every file of the page, as a first visit and its service
worker do, and what a training fetches; then draws in bursts (a prediction of the growing strokes every 150 ms or so, as
a program that uses the API would ask) and sends some drawings to the class's collection. The trainings themselves cost
the server nothing. The teacher's page asks every two seconds what is new on the wall. All show their code. Told are
latencies as they are seen from outside, every answer that was neither a success nor an announced wait (503 or 429 with
Retry-After), and the server's memory, open files, threads and processes: their medians in the second and in the last
sixth of the time. To hold: no error, 95 of 100 answers within 50 ms, and nothing that grows. The soak of the docs
is `--learners 40 --seconds 600`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

SERVER = """
import sys
from pathlib import Path
from exmachina.lesson.server import Settings, serve
runs = {"bench": Path(sys.argv[2])} if sys.argv[2] else {}
settings = Settings(data_folder=Path(sys.argv[1]), runs=runs, teacher="code-of-the-teacher")
ready = lambda address: print(address, flush=True)
serve(port=0, token="code-of-the-class", open_browser=False, on_ready=ready, settings=settings)
"""
TRAINING = ("/data/train-0.bin", "/data/train-1.bin", "/data/train-2.bin", "/data/test-0.bin")
LEARNER, TEACHER = "code-of-the-class", "code-of-the-teacher"
LOOK = 2.0  # seconds between two looks at the wall
GLYPHS: dict[int, list[list[tuple[float, float]]]] = {  # a few digits as strokes in a unit square
    0: [[(0.5, 0), (0.1, 0.3), (0.1, 0.7), (0.5, 1), (0.9, 0.7), (0.9, 0.3), (0.5, 0)]],
    1: [[(0.3, 0.2), (0.5, 0), (0.5, 1)]],
    2: [[(0.1, 0.2), (0.5, 0), (0.9, 0.3), (0.1, 1), (0.9, 1)]],
    4: [[(0.6, 0), (0, 0.7), (0.9, 0.7)], [(0.6, 0.4), (0.6, 1)]],
    7: [[(0, 0), (0.9, 0), (0.4, 1)]],
}


@dataclass
class Notes:
    """What the learners wrote down."""

    latencies: dict[str, list[float]] = field(default_factory=dict)  # by what was asked for, of each that was answered
    predictions: int = 0
    drawings: int = 0
    loads: int = 0
    looks: int = 0  # of the teacher
    announced: int = 0  # 503 or 429 with Retry-After
    errors: list[str] = field(default_factory=list)


class Visitor:
    """Somebody who asks, and notes how long it took."""

    def __init__(self, address: str, notes: Notes, until: float, code: str) -> None:
        headers = {"Authorization": f"Bearer {code}"}
        base = address.split("?")[0]
        self.client = httpx.AsyncClient(base_url=base, headers=headers, timeout=180, trust_env=False)
        self.notes, self.until = notes, until

    async def ask(self, kind: str, method: str, path: str, **options: Any) -> httpx.Response | None:
        """A request; a wait that the server announces is kept to, anything else unexpected is noted."""
        began = time.perf_counter()
        try:
            answer = await self.client.request(method, path, **options)
        except httpx.HTTPError as error:
            self.notes.errors.append(f"{path}: {type(error).__name__}")
            return None
        if answer.status_code in (429, 503) and "retry-after" in answer.headers:
            self.notes.announced += 1
            await asyncio.sleep(float(answer.headers["retry-after"]))
            return None
        if answer.is_error:
            self.notes.errors.append(f"{path}: {answer.status_code} {answer.text[:100]}")
            return None
        self.notes.latencies.setdefault(kind, []).append(time.perf_counter() - began)
        return answer


class Teacher(Visitor):
    """Somebody who watches the wall."""

    async def live(self) -> None:
        seen = 0
        while time.monotonic() < self.until:
            answer = await self.ask("wall", "GET", f"/api/v1/class?after={seen}")
            if answer is not None:
                self.notes.looks += 1
                seen = max([seen, *(drawing[0] for drawing in answer.json()["drawings"])])
            await asyncio.sleep(LOOK)
        await self.client.aclose()


class Learner(Visitor):
    """Somebody with a pen."""

    def __init__(self, address: str, notes: Notes, until: float, seed: int, run: str, late: float) -> None:
        super().__init__(address, notes, until, LEARNER)
        self.run, self.late = run, late
        self.random = random.Random(seed)

    async def live(self) -> None:
        try:
            await asyncio.sleep(self.random.uniform(0, self.late))
            site = await self.ask("load", "GET", "/site.json")
            files = site.json()["files"] if site is not None else []
            for path in ("/", *(f"/{file}" for file in files), *TRAINING):
                await self.ask("training images" if path in TRAINING else "load", "GET", path)
            self.notes.loads += 1
            await self.draw()  # at least once, however long loading took
            while time.monotonic() < self.until:
                await self.draw()
        finally:
            await self.client.aclose()

    async def draw(self) -> None:
        """A digit, point by point; perhaps it is shared."""
        label = self.random.choice(list(GLYPHS))
        jitter = [[(self.random.gauss(x, 0.04), self.random.gauss(y, 0.04)) for x, y in s] for s in GLYPHS[label]]
        points = [point for stroke in jitter for point in stroke]
        image: list[int] = []
        for count in range(2, len(points) + 1):
            ink = {"strokes": [points[:count]]}
            answer = await self.ask("draw", "POST", f"/api/v1/predict?run={self.run}", json=ink)
            if answer is not None:
                self.notes.predictions += 1
                image = answer.json()["image"]
            await asyncio.sleep(self.random.uniform(0.1, 0.2))
        if self.random.random() < 0.3 and any(image):
            body = {"label": label, "strokes": jitter, "image": image}
            if await self.ask("share", "POST", "/api/v1/collection", json=body) is not None:
                self.notes.drawings += 1
        await asyncio.sleep(self.random.uniform(0.5, 2))


def held(pid: int) -> dict[str, float]:
    """What a process holds (Linux; elsewhere nothing): resident megabytes, open files, threads, child processes."""
    try:
        process = Path(f"/proc/{pid}")
        return {
            "memory_mb": int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6,
            "descriptors": sum(1 for _ in (process / "fd").iterdir()),
            "threads": sum(1 for _ in (process / "task").iterdir()),
            "processes": len((process / "task" / str(pid) / "children").read_text().split()),
        }
    except OSError:
        return {}


def flat(samples: list[dict[str, float]]) -> dict[str, float]:
    """Medians in the second and in the last sixth of the samples, and what lies between them."""
    sixth = max(1, len(samples) // 6)
    answer: dict[str, float] = {}
    for name in samples[0]:
        early, late = (
            float(np.median([sample[name] for sample in part]))
            for part in (samples[sixth : 2 * sixth], samples[-sixth:])
        )
        answer |= {f"{name}_early": early, f"{name}_late": late, f"{name}_growth": late - early}
    return answer


async def classroom(address: str, pid: int, learners: int, seconds: float, run: str) -> dict[str, Any]:
    """Let the class work for a while and sum up. Memory is compared between a third of the time and the end."""
    notes = Notes()
    until = time.monotonic() + seconds
    people: list[Learner | Teacher] = [Teacher(address, notes, until, TEACHER)]
    people += [Learner(address, notes, until, seed, run, seconds / 6) for seed in range(learners)]
    lives = [asyncio.create_task(person.live()) for person in people]
    samples = []
    while time.monotonic() < until:
        await asyncio.sleep(min(1.0, seconds / 10))
        samples.append(held(pid))
    await asyncio.gather(*lives)
    milliseconds = {kind: np.array(latencies) * 1e3 for kind, latencies in notes.latencies.items()}
    everything = np.concatenate(list(milliseconds.values()) or [np.array([np.nan])])
    return {
        "learners": learners,
        "seconds": seconds,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "pages_loaded": notes.loads,
        "predictions": notes.predictions,
        "drawings_shared": notes.drawings,
        "looks_at_the_wall": notes.looks,
        "requests": len(everything),
        "ms_p50": float(np.percentile(everything, 50)),
        "ms_p95": float(np.percentile(everything, 95)),
        "ms_max": float(everything.max()),
        **{f"ms_p95 of {kind}": float(np.percentile(values, 95)) for kind, values in sorted(milliseconds.items())},
        "announced_waits": notes.announced,
        "errors": len(notes.errors),
        "first_errors": notes.errors[:5],
        **flat(samples),
    }


def run_classroom(learners: int, seconds: float, run: str = "fast", folder: str = "") -> dict[str, Any]:
    """Start a server of its own, hold the class, end the server. `folder` is a run directory to read with."""
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-c", SERVER, data, folder]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            name = "bench" if folder else run
            return asyncio.run(classroom(address, process.pid, learners, seconds, name))
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--run", default="fast", help="the run that reads the drawings")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = run_classroom(options.learners, options.seconds, options.run)
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:>20}  {value:,.1f}" if isinstance(value, float) else f"{name:>20}  {value}")


if __name__ == "__main__":
    main()
