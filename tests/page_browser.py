"""Driving the page in Chromium, with a watch over what it asks for and complains of."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from needed import needed

AXE = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"  # what assistive technology would stumble over
BLOCKED = "Service Worker registration blocked by Playwright"
PATIENCE = 30_000  # milliseconds; a busy machine must not fail a test that only waits


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # one connection for the page's many modules

    def log_message(self, *_: Any) -> None:
        pass

    def copyfile(self, source: Any, outputfile: Any) -> None:
        with suppress(ConnectionError):  # a page that is left hangs up
            super().copyfile(source, outputfile)

    def end_headers(self) -> None:
        # What the lesson's server says too: nothing inline, nothing from elsewhere.
        policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; "
        policy += "object-src 'none'; base-uri 'none'"
        self.send_header("Content-Security-Policy", policy)
        super().end_headers()


@contextmanager
def serving_files(folder: Path) -> Iterator[str]:
    """The address of a plain web host of `folder`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


NEAR = 1200  # css px beyond the screen within which main.js fills a panel
UNFILLED = """(near) => [...document.querySelectorAll("[data-panel]")]
    .filter((root) => !root.hasChildNodes() && root.checkVisibility())
    .filter((root) => root.getBoundingClientRect().bottom > -near)
    .filter((root) => root.getBoundingClientRect().top < innerHeight + near)
    .map((root) => root.dataset.panel)"""
BEYOND = """() => [...document.querySelectorAll("main *")]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll, .numbers, .unseen, pre"))
    .map((e) => `${e.tagName} ${e.className} ${e.closest("[data-panel]")?.dataset.panel}`)"""
# What is dark has other colours and nothing else: the rules about them that axe applies unasked.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
WHEN_IDLE = "window.whenIdle = window.requestIdleCallback;"
# What nobody has come near the page fills when it has nothing else to do: half of what a visit costs, for panels that
# the test does not ask for. It shows those that it does.
NEVER_IDLE = WHEN_IDLE + "window.requestIdleCallback = () => 0;"
AT_REST = """() => new Promise((resolve) =>
    requestAnimationFrame(() => requestAnimationFrame(() => window.whenIdle(resolve))))"""

# Until it is filled, a panel is kept in sight, as a reader would: what fills above it may have moved it away.
FILLED = """async (root, patience) => {
    const end = performance.now() + patience;
    while (!root.hasChildNodes()) {
        if (performance.now() > end) throw Error(`${root.dataset.panel} is not filled`);
        await new Promise(requestAnimationFrame);
        root.scrollIntoView({ block: "nearest", behavior: "instant" });
    }
}"""
# Not as Playwright waits for a function: it evaluates the text at every turn, which the page's policy forbids.
UNTIL = """async ([arg, patience]) => {{
    const holds = {holds}, end = performance.now() + patience;
    while (!holds(arg)) {{
        if (performance.now() > end) throw Error(`never: ${{holds}}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }}
}}"""
# In one call: each question that is asked from outside costs three processes a few milliseconds.
WALK = f"""async (patience) => {{
    const filled = {FILLED};
    for (const root of document.querySelectorAll("[data-panel]")) {{
        root.scrollIntoView({{ block: "center", behavior: "instant" }});
        await filled(root, patience);
        root.scrollIntoView({{ block: "center", behavior: "instant" }});
        for (const _ of "ab") await new Promise(requestAnimationFrame); // what is drawn when it is seen has been seen
    }}
}}"""


def until(page: Any, holds: str, arg: Any = None) -> None:
    """Wait until a function, given as text, holds for `arg` in the page."""
    page.evaluate(UNTIL.format(holds=holds), [arg, PATIENCE])


@dataclass
class Visit:
    """An open page, with everything that it should not have done."""

    page: Any
    address: str
    complaints: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> Any:
        """Load the page and wait until it is ready."""
        self.page.goto(self.address + query)
        self.page.wait_for_selector("html[data-ready]")
        return self.page

    def unfold(self) -> None:
        """On a phone: open every part of every chapter."""
        self.page.get_by_role("button", name="Open every part at once").or_(
            self.page.get_by_role("button", name="Alle Teile auf einmal öffnen")
        ).click()
        self.page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")

    def walk(self) -> None:
        """Go down the page, all unfolded, from panel to panel, each filled before the next."""
        self.page.evaluate(WALK, 4 * PATIENCE)

    def show(self, panel: str) -> Any:
        """Scroll to a panel, on a phone open its part, wait until it is filled, and return it."""
        root = self.page.locator(f"[data-panel$='{panel}']").first
        for fold in self.page.locator(f".folded:has([data-panel$='{panel}']) .fold").all():
            fold.click()
        root.scroll_into_view_if_needed()
        root.evaluate(FILLED, 4 * PATIENCE)
        root.scroll_into_view_if_needed()
        return root

    def rests(self) -> None:
        """Wait until what is on the screen or near it is filled and drawn, and the page has nothing else to do."""
        until(self.page, f"(near) => ({UNFILLED})(near).length === 0", NEAR)
        self.page.evaluate(AT_REST)

    def reads(self, digit: int) -> None:
        """Wait until the page reads `digit`."""
        self.page.locator("#draw .verdict", has_text=re.compile(rf"^\s*{digit}")).wait_for()

    def draw(self, *strokes: list[tuple[float, float]]) -> None:
        """Draw on the first pad; points as fractions of its side."""
        box = self.page.locator("#draw canvas.sheet").bounding_box()
        for stroke in strokes:
            for i, (x, y) in enumerate(stroke):
                self.page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=6)
                if i == 0:
                    self.page.mouse.down()
            self.page.mouse.up()


SEVEN = [(0.3, 0.22), (0.72, 0.22), (0.6, 0.5), (0.5, 0.8)]


@contextmanager
def visiting(browser: Any, address: str, *, idle: bool = False, **options: Any) -> Iterator[Visit]:
    """
    A page in a fresh context; on leaving, it must have asked nobody else and complained of nothing. A service worker,
    which fetches the whole site once more for every new visitor, has to be allowed, and so have idle moments, in which
    the page fills what nobody has come near: both have tests of their own.
    """
    usual = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", "service_workers": "block"}
    context = browser.new_context(**{**usual, **options})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(WHEN_IDLE if idle else NEVER_IDLE)
    page = context.new_page()
    visit = Visit(page, address)

    def on_console(message: Any) -> None:
        if message.type in ("error", "warning") and BLOCKED not in message.text:
            visit.complaints.append(f"console: {message.text}")

    def on_request(request: Any) -> None:
        if not request.url.startswith((address, "blob:", "data:")):
            visit.complaints.append(f"asked {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: visit.complaints.append(f"error: {error}"))
    page.on("request", on_request)
    try:
        yield visit
    finally:
        context.close()
    assert visit.complaints == [], visit.complaints


def barriers(page: Any) -> list[str]:
    """What keeps people out, by axe-core, in light and in dark."""
    needed(AXE.is_file(), "NO AXE-CORE (npm install axe-core): what keeps people out is NOT found.")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    problems = []
    for scheme, rules in {"light": {}, "dark": COLOURS}.items():
        page.emulate_media(color_scheme=scheme)
        result = page.evaluate("rules => axe.run(document, {resultTypes: ['violations'], ...rules})", rules)
        problems += [
            f"{scheme}: {violation['id']}: {node['html'][:200]} · {node['failureSummary'][:300]}"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]
    page.emulate_media(color_scheme="light")
    return problems


def begin(visit: Visit, **sliders: str) -> Any:
    """Begin a training; a slider by its label."""
    panel = visit.show("training")
    for label, value in sliders.items():
        panel.get_by_label(label, exact=True).first.fill(value)
    panel.get_by_role("button", name="Train", exact=True).click()
    return panel


def finish(panel: Any) -> None:
    """Wait until the training that `begin` began has ended and its test is read."""
    panel.locator(".test-accuracy").wait_for(timeout=4 * PATIENCE)
    panel.get_by_text("as trained").wait_for()
