"""The lesson's page while somebody draws: from the pen's move to the network's maps, and the pace of the frames.

python benchmarks/page.py [--seconds 5] [--width 1280] [--training ROUNDS [--as-it-is]] [--isolated] [--json]

Exports the page, opens it in the system's Chromium, puts the figure of all layers under the drawing pad, so that
both are on the screen, and draws. Told are the milliseconds from the first move that a frame shows until the maps of
that frame have been painted, and those between frames. With --training, so many times in turn: seconds that a training
of `fast` and its test take while nobody draws, and while a pen never rests; its charts are on the screen too.
--as-it-is: nothing is put together; the training is in sight while nobody draws, and the pad with its reading, whose
picture counts then, while somebody does. --isolated: the host lets the page share memory between threads. A machine
that does other work tells nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PACE = 1 / 120  # seconds between two moves of the pen
STROKE = 0.9  # seconds; a digit is two of them
MAPS, READING = "[data-panel$=overview]", "#draw [data-panel=reading]"
PUT_IN_SIGHT = "(panel) => document.querySelector('#draw').append(document.querySelector(`[data-panel$=${panel}]`))"
ALONE = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
WATCH = """(shown) => {
    const notes = { maps: [], frames: [] };
    let moved = null, told = false, before = null;
    document.querySelector("#draw canvas.sheet").addEventListener("pointermove", (event) => {
        if (event.buttons) moved ??= event.timeStamp;
    }, true);
    // A message sent while a frame is made comes in when that frame has been laid out and painted.
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
        if (moved !== null) notes.maps.push(performance.now() - moved);
        moved = null;
        told = false;
    };
    const put = CanvasRenderingContext2D.prototype.putImageData;
    CanvasRenderingContext2D.prototype.putImageData = function (...rest) {
        put.apply(this, rest);
        if (told || !this.canvas.closest(shown)) return;
        told = true;
        channel.port2.postMessage(null);
    };
    const frame = (now) => {
        if (before !== null) notes.frames.push(now - before);
        before = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    window.notes = notes;
}"""


class Quiet(SimpleHTTPRequestHandler):
    """Files without a line for each."""

    def __init__(self, *rest: Any, headers: dict[str, str], **options: Any) -> None:
        self.more = headers
        super().__init__(*rest, **options)

    def log_message(self, *_: Any) -> None:
        pass

    def end_headers(self) -> None:
        for name, value in self.more.items():
            self.send_header(name, value)
        super().end_headers()


@contextmanager
def static_copy(headers: dict[str, str]) -> Iterator[str]:
    """The address of the page on a plain web host, which sends these headers with every file."""
    from exmachina.lesson.site import export_site

    with tempfile.TemporaryDirectory() as folder:
        site = export_site(Path(folder) / "site", {"fast": "fast"})
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site), headers=headers))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@contextmanager
def opened(address: str, width: int) -> Iterator[tuple[Any, Any]]:
    """The page with the layers' figure under its pad, and where the pad lies."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": width, "height": 1600}, service_workers="block").new_page()
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        page.locator("[data-panel$=overview]").scroll_into_view_if_needed()
        page.locator("[data-panel$=overview] .tile").first.wait_for()
        page.evaluate(PUT_IN_SIGHT, "overview")
        page.evaluate("scrollTo(0, 0)")
        box = page.locator("#draw canvas.sheet").first.bounding_box()
        draw(page, box, 1.0)  # compiled code and warm caches are what a reader has after a moment
        yield page, box
        browser.close()


def measure(address: str, seconds: float, width: int) -> dict[str, Any]:
    """Draw for some seconds; milliseconds of every update of the maps and of every frame."""
    with opened(address, width) as (page, box):
        page.evaluate(WATCH, MAPS)
        draw(page, box, seconds)
        notes: dict[str, Any] = page.evaluate("notes")
    return notes


def measure_training(address: str, rounds: int, width: int) -> dict[str, Any]:
    """Train so often, with a pen at rest and with one that draws; what is told of each, and of the maps meanwhile."""
    result: dict[str, Any] = {"pen_rests": [], "pen_draws": [], "maps": [], "frames": []}
    with opened(address, width) as (page, box):
        panel = page.locator("[data-panel$=training]")
        panel.scroll_into_view_if_needed()
        panel.get_by_role("button", name="Train", exact=True).wait_for()
        page.evaluate(PUT_IN_SIGHT, "training")
        page.evaluate("scrollTo(0, 0)")
        trained(page, panel, lambda: page.wait_for_timeout(100))  # the training images are fetched
        for _ in range(rounds):
            result["pen_rests"].append(trained(page, panel, lambda: page.wait_for_timeout(100)))
            page.evaluate(WATCH, MAPS)
            result["pen_draws"].append(trained(page, panel, lambda: draw(page, box, 0.3)))
            notes = page.evaluate("notes")
            result["maps"] += notes["maps"]
            result["frames"] += notes["frames"]
    return result


def measure_as_it_is(address: str, rounds: int, width: int) -> dict[str, Any]:
    """Train so often with the training in sight; then draw at the top of the page while a longer training runs."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": width, "height": 800}, service_workers="block").new_page()
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        panel = page.locator("[data-panel$=training]")
        panel.scroll_into_view_if_needed()
        panel.get_by_role("button", name="Train", exact=True).wait_for()
        trainings = [trained(page, panel, lambda: page.wait_for_timeout(100)) for _ in range(rounds + 1)]
        panel.get_by_label("Epochs", exact=True).fill("3")
        panel.get_by_role("button", name="Train", exact=True).click()
        panel.get_by_role("button", name="Pause").wait_for()
        page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
        box = page.locator("#draw canvas.sheet").first.bounding_box()
        draw(page, box, 1.0)
        page.evaluate(WATCH, READING)
        draw(page, box, 6.0)
        notes = page.evaluate("notes")
        browser.close()
    return {**notes, "pen_rests": trainings[1:]}  # while the first ran, the training images were fetched


def trained(page: Any, panel: Any, meanwhile: Callable[[], None]) -> dict[str, float]:
    """The seconds and the accuracy that the page tells of a training."""
    panel.get_by_role("button", name="Train", exact=True).click()
    panel.get_by_role("button", name="Pause").wait_for()
    while panel.locator(".test-accuracy").count() == 0:
        meanwhile()
    answer = re.search(r"([\d.]+)\s*%.* after ([\d.]+) seconds", panel.locator(".fact").first.inner_text())
    assert answer
    return {"accuracy": float(answer[1]), "seconds": float(answer[2])}


def draw(page: Any, box: Any, seconds: float) -> None:
    """Rings, one stroke after another; a new digit after every second one."""
    ends, strokes = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        began = time.monotonic()
        page.mouse.move(*place(box, 0.0))
        page.mouse.down()
        while (share := (time.monotonic() - began) / STROKE) < 1:
            page.mouse.move(*place(box, share))
            time.sleep(PACE)
        page.mouse.up()
        strokes += 1
        if strokes % 2 == 0:
            page.locator("#draw").get_by_role("button", name="Clear").first.click()


def place(box: Any, share: float) -> tuple[float, float]:
    x, y = 0.5 + 0.3 * math.sin(2 * math.pi * share), 0.5 - 0.35 * math.cos(2 * math.pi * share)
    return box["x"] + box["width"] * x, box["y"] + box["height"] * y


def percentiles(values: list[float]) -> dict[str, float]:
    ranked = sorted(values) or [math.nan]
    return {"n": len(values), **{f"p{share}": round(ranked[(len(ranked) - 1) * share // 100], 1) for share in (50, 95)}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--training", type=int, default=0, metavar="ROUNDS")
    parser.add_argument("--as-it-is", action="store_true")
    parser.add_argument("--isolated", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with static_copy(ALONE if options.isolated else {}) as address:
        if options.training and options.as_it_is:
            notes = measure_as_it_is(address, options.training, options.width)
        elif options.training:
            notes = measure_training(address, options.training, options.width)
        else:
            notes = measure(address, options.seconds, options.width)
    result = {"stroke_to_maps_ms": percentiles(notes["maps"]), "frame_ms": percentiles(notes["frames"])}
    trainings = {name: notes[name] for name in ("pen_rests", "pen_draws") if name in notes}
    if options.json:
        print(json.dumps({**result, **trainings}))
        return
    for name, (text, target) in {"stroke_to_maps_ms": ("stroke to maps", 50), "frame_ms": ("frame", 1000 / 60)}.items():
        numbers = result[name]
        print(f"{text:<16} p50 {numbers['p50']:6.1f} ms   p95 {numbers['p95']:6.1f} ms   n {numbers['n']:4.0f}   "
              f"target {target:.1f} ms")  # fmt: skip
    for name, answer in trainings.items():
        print(
            f"trained, {name.replace('_', ' ')}: "
            + ", ".join(f"{one['seconds']} s ({one['accuracy']} %)" for one in answer)
        )


if __name__ == "__main__":
    main()
