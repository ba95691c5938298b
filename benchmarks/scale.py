"""What reading many pictures costs: by processes, in memory, after kills, and the same sweep here and on Ray.

python benchmarks/scale.py rate [--files 5000] [--rounds 3]      images/s and processor time against processes
python benchmarks/scale.py memory [--files 100000]               files on disk: how much memory grows
python benchmarks/scale.py million [--images 1000000]            MNIST warped on the fly: how much memory grows
python benchmarks/scale.py kill [--files 20000] [--kills 5]      killed, begun anew, every file once
python benchmarks/scale.py driver [--files 100000]               the same on a Ray cluster whose driver is killed
python benchmarks/scale.py sweep [--seeds 10] [--ray local]      four rates × seeds of `fast`, here and on Ray

Each prints JSON with the processor. Wall time means little on a shared machine; processor time per image, of all
processes together, is what a quiet one divides among its cores.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

import exmachina
from exmachina.batch.items import Item
from exmachina.batch.predictions import predict_items
from exmachina.classifier import Classifier
from exmachina.data import load_mnist_split
from exmachina.data.augmentation import Augmentation
from exmachina.engine.batches import augmented
from exmachina.images.drawings import normalize_drawings
from exmachina.runs import hardware, versions

WARP = Augmentation(shift=1, rotation=5, scale=0.05, shear=0.1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["rate", "memory", "million", "kill", "driver", "sweep"])
    parser.add_argument("--files", type=int)
    for option, default in (("images", 1_000_000), ("rounds", 3), ("kills", 5), ("seeds", 10)):
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--ray", default="local")
    options = parser.parse_args()
    options.files = options.files or {"kill": 20_000, "memory": 100_000, "driver": 100_000}.get(options.what, 5000)
    with tempfile.TemporaryDirectory() as folder:
        parts = {"rate": rate, "memory": memory, "million": million, "kill": kill, "driver": driver, "sweep": sweep}
        result = parts[options.what](options, Path(folder))
    print(json.dumps({**result, "hardware": hardware(), "versions": versions("ray")}, indent=1))


def write_digits(folder: Path, count: int) -> Path:
    """PNG files of 28 × 28 pixels, 1,000 to a folder: MNIST's test images over and over."""
    images = load_mnist_split("test").images
    contents = [png(images[number]) for number in range(min(count, len(images)))]
    for number in range(count):
        path = folder / f"{number // 1000:05}" / f"{number:07}.png"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(contents[number % len(contents)])
    return folder


def png(image: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=1)
    return file.getvalue()


def processor_seconds() -> float:
    """Of this process, its children and theirs, those that have ended too."""
    own = psutil.Process()
    return float(sum(sum(one.cpu_times()[:4]) for one in (own, *own.children(recursive=True))))


def rate(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    paths = sorted(write_digits(folder / "digits", options.files).rglob("*.png"))
    classifier = Classifier.load("fast")
    classifier.predict(paths[0])

    def one_at_a_time() -> None:
        for path in paths:
            classifier.predict(path)

    def together(workers: int) -> None:
        for one in exmachina.predict_many(paths, classifier, workers=workers):
            assert one.prediction is not None

    kinds: dict[str, Any] = {"Classifier.predict, one at a time": one_at_a_time}
    for workers in (1, 2, 3, 4):
        kinds[f"predict_many, {workers} process{'es' * (workers > 1)}"] = lambda workers=workers: together(workers)
    result: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
    for _ in range(options.rounds):  # in turn, so that what else the machine does meets all alike
        for name, run in kinds.items():
            start, used = time.perf_counter(), processor_seconds()
            run()
            result[name].append((time.perf_counter() - start, processor_seconds() - used))
    first = result["Classifier.predict, one at a time"]
    return {
        "files": options.files,
        "load": os.getloadavg()[0],
        "rows": {
            name: {
                "images_per_second": [round(options.files / wall) for wall, _ in rounds],
                "processor_microseconds_per_image": [round(1e6 * used / options.files) for _, used in rounds],
                "times_as_many": [round(a[0] / b[0], 2) for a, b in zip(first, rounds, strict=True)],
                "times_less_processor_time": [round(a[1] / b[1], 2) for a, b in zip(first, rounds, strict=True)],
            }
            for name, rounds in result.items()
        },
    }


def resident() -> float:
    """MB that this process and its children hold."""
    own = psutil.Process()
    return sum(one.memory_info().rss for one in (own, *own.children(recursive=True))) / 1e6


def watched(classifier: Classifier, items: Iterator[Item] | Any, total: int) -> dict[str, Any]:
    """Read everything, noting the memory of all processes after each hundredth of it."""
    marks: dict[int, float] = {}
    start, used, count, problems = time.perf_counter(), processor_seconds(), 0, 0
    for one in predict_items(classifier, items, workers=2):
        count += 1
        problems += bool(one.problem)
        if count * 100 // total > len(marks):
            marks[len(marks) + 1] = round(resident(), 1)
            if len(marks) % 5 == 0:
                used_now = processor_seconds() - used
                print(f"{len(marks)} %: {marks[len(marks)]} MB, {used_now:.0f} processor seconds", file=sys.stderr)
    used = processor_seconds() - used
    settled = [held for percent, held in marks.items() if percent >= 10]
    return {
        "images": count,
        "problems": problems,
        "seconds": round(time.perf_counter() - start, 1),
        "processor_seconds": round(used, 1),
        "processor_microseconds_per_image": round(1e6 * used / count, 1),
        "images_per_processor_second": round(count / used),
        "megabytes_at_percent": {percent: marks[percent] for percent in (1, 10, 25, 50, 75, 100)},
        "growth_megabytes": round(max(settled) - settled[0], 1),
        "load": os.getloadavg()[0],
    }


def memory(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from exmachina.batch.items import find_items

    write_digits(folder / "digits", options.files)
    return watched(Classifier.load("fast"), find_items([folder / "digits"]), options.files)


def million(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    images = load_mnist_split("test").images

    def warped(start: int) -> Any:
        some = images[start % len(images) :][: min(1000, options.images - start)].astype("float32") / 255
        return (255 * augmented(some, WARP.numbers(), seed=0, step=start // 1000).clip(0, 1)).astype("uint8")

    def items() -> Iterator[Item]:
        for start in range(0, options.images, 1000):
            for number, image in enumerate(warped(start), start):
                yield Item(f"{number:07}", png(image))

    start, some = time.process_time(), sum(1 for _ in zip(range(10_000), items(), strict=False))
    making = (time.process_time() - start) / some
    plain = normalize_drawings(warped(0))[1]
    return {
        **watched(Classifier.load("fast"), items(), options.images),
        "of_these_microseconds_to_warp_and_pack": round(1e6 * making, 1),
        "share_read_as_drawings": float(plain.mean()),  # of the first 1,000
    }


def kill(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    scans, table = write_digits(folder / "digits", options.files), folder / "table.csv"
    command = [sys.executable, "-m", "exmachina", "predict", str(scans), "--out", str(table), "--workers", "2"]
    moments, part = random.Random(0), folder / ".table.csv.part"
    held = []
    for _ in range(options.kills):
        before = part.stat().st_size if part.exists() else 0
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while running.poll() is None and (not part.exists() or part.stat().st_size <= before):
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 1))
        running.send_signal(signal.SIGKILL)
        running.wait()
        held.append(json.loads((folder / ".table.csv.journal").read_text())["rows"] if part.exists() else None)
    subprocess.run(command, check=True, capture_output=True)
    with table.open(newline="") as file:
        paths = [row[0] for row in csv.reader(file)][1:]
    assert sorted(paths) == sorted(str(path) for path in scans.rglob("*.png"))
    return {"files": options.files, "rows_after_each_kill": held, "every_file_once": True}


def driver(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Kill the command that has a cluster of one core read, in its first portion and in its second, and ask again."""
    own = {"USAGE_STATS_ENABLED": "0", "worker_niceness": "0", "AUTH_MODE": "disabled"}
    os.environ.update({f"RAY_{name}": value for name, value in own.items()})  # before Ray is imported
    import pyarrow.parquet
    from ray.cluster_utils import Cluster

    scans, table = write_digits(folder / "digits", options.files), folder / "table.parquet"
    part = folder / ".table.parquet.part"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    command = [sys.executable, "-m", "exmachina", "predict", str(scans), "--out", str(table), "--ray", cluster.address]
    left = []
    try:
        for awaited in ("_begun.json", "_000000.json"):
            running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while running.poll() is None and not (part / awaited).exists():
                time.sleep(0.05)
            time.sleep(5)  # some seconds into the portion
            running.send_signal(signal.SIGKILL)
            assert running.wait() == -signal.SIGKILL, "it was quicker; ask for more --files"
            left.append(sorted(path.name[:7] for path in part.iterdir()))
        subprocess.run(command, check=True, capture_output=True)
    finally:
        cluster.shutdown()
    paths = pyarrow.parquet.read_table(table).column("path").to_pylist()
    assert sorted(paths) == sorted(str(path) for path in scans.rglob("*.png"))
    return {"files": options.files, "left_by_each_kill": left, "every_file_once": True}


def sweep(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    rates = "learning_rate=0.01,0.02,0.03,0.04"
    command = [
        sys.executable,
        "-m",
        "exmachina",
        "experiment",
        "--vary",
        rates,
        "--seeds",
        str(options.seeds),
        "--json",
    ]
    outputs, seconds = [], []
    for more in ([], ["--ray", options.ray]):
        start = time.perf_counter()
        done = subprocess.run([*command, *more], check=True, capture_output=True, text=True)
        seconds.append(round(time.perf_counter() - start, 1))
        outputs.append([row["accuracies"] for row in json.loads(done.stdout)["rows"]])
    assert outputs[0] == outputs[1]
    return {"trainings": 4 * options.seeds, "accuracies": outputs[0], "equal": True, "seconds_here_and_on_ray": seconds}


if __name__ == "__main__":
    main()
