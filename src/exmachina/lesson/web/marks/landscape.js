/** Heights on a square grid as a heat map with contour lines, a walk over it, and a place to read. */

import { contour } from "./contour.js";
import { h, svg } from "./dom.js";
import { significant } from "./format.js";
import { heatMap, paint } from "./heatmap.js";
import { legend } from "./legend.js";
import { cellAt } from "./overlay.js";
import { arrow } from "../panels/shared.js";
import { t } from "../texts.js";

const LEVELS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
const STEEPEST = 0.97; // the slope of colours is such that this part of all heights …
const STRONG = 0.85; // … has at most this strength, for lines and a walk are to be seen on it

/**
 * @typedef {{points: [number, number][], bounds: {x: number[], y: number[]}, grid: Float32Array, size: number, at: number,
 *   walks: boolean}} Landscape `at`: the point of the walk to set off
 */

/** @param {string} name */
export function landscape(name) {
  const canvas = heatMap([0], { width: 1, height: 1, label: name });
  const over = svg("svg", { class: "overlay", "aria-hidden": "true" });
  const xAxis = h("p", { class: "axis-line", "aria-hidden": "true" });
  const scale = h("div", {});
  const reading = h("p", { class: "note", role: "status" });
  const frame = h(
    "div",
    { class: "framed large", role: "application", tabIndex: 0 },
    canvas,
    /** @type {any} */ (over),
  );
  const element = h("div", { class: "landscape" }, frame, xAxis, scale, reading);
  /** @type {Landscape | null} */
  let shown = null;
  let cell = { x: 16, y: 16 };

  frame.addEventListener("pointermove", (event) => read(cellAt(canvas, event)));
  frame.addEventListener("keydown", (event) => {
    const step = arrow(event);
    if (!step || !shown) return;
    const inside = (/** @type {number} */ v) => Math.max(0, Math.min((shown?.size ?? 1) - 1, v));
    read({ x: inside(cell.x + step[1]), y: inside(cell.y + step[0]) });
  });

  /** @param {{x: number, y: number}} next */
  function read(next) {
    if (!shown) return;
    cell = next;
    const { bounds, grid, size } = shown;
    const [a, b] = [
      bounds.x[0] + ((bounds.x[1] - bounds.x[0]) * cell.x) / (size - 1),
      bounds.y[1] - ((bounds.y[1] - bounds.y[0]) * cell.y) / (size - 1),
    ];
    reading.textContent = t("At ({a}, {b}): loss {loss}.", {
      a: significant(a),
      b: significant(b),
      loss: significant(grid[cell.y * size + cell.x], 3),
    });
    const mark = over.querySelector(".reading");
    mark?.setAttribute("x", String(cell.x));
    mark?.setAttribute("y", String(cell.y));
  }

  /** A landscape, or none yet: its room is kept, so that nothing moves when it comes. @param {Landscape | null} next */
  function show(next) {
    shown = next;
    element.classList.toggle("to-come", next === null);
    frame.inert = next === null;
    if (!next) return;
    const { grid, size, bounds } = next;
    const logs = Float32Array.from(grid, (loss) => Math.log10(Math.max(loss, 1e-6)));
    const known = logs.filter(Number.isFinite).sort();
    const low = known[0];
    const high = known[Math.floor(STEEPEST * (known.length - 1))];
    const shares = logs.map((value) =>
      Number.isFinite(value) ? (STRONG * (value - low)) / (high - low || 1) : 0,
    );
    paint(canvas, shares, { width: size, height: size, scale: "ink", max: 1, label: name });
    frame.setAttribute("aria-label", t("{name}. Arrow keys read the loss at a place.", { name }));
    scale.replaceChildren(
      legend("ink", 1, {
        low: significant(10 ** low),
        high: significant(10 ** (low + (high - low) / STRONG)),
        name: t("loss, logarithmic:"),
      }),
    );
    const [from, to] = bounds.x;
    xAxis.textContent = t("{width} from side to side", { width: significant(to - from) });
    over.setAttribute("viewBox", `0 0 ${size} ${size}`);
    const levels = LEVELS.filter((level) => level > 10 ** low && level < 10 ** high);
    over.replaceChildren(
      ...levels.map((level) => line(contour(grid, size, level))),
      ...levels.flatMap((level) => levelName(contour(grid, size, level), level, size)),
      ...walk(next),
      svg("rect", { class: "thin reading", x: -9, y: -9, width: 1, height: 1 }),
    );
  }
  return { element, show };
}

/** @param {[number, number, number, number][]} pieces */
const line = (pieces) =>
  svg("path", {
    class: "contour",
    d: pieces
      .map(
        ([x1, y1, x2, y2]) =>
          `M${x1.toFixed(2)} ${y1.toFixed(2)}L${x2.toFixed(2)} ${y2.toFixed(2)}`,
      )
      .join(""),
  });

/** The level, written where its line is highest up. @param {[number, number, number, number][]} pieces @param {number} level
 * @param {number} size */
function levelName(pieces, level, size) {
  const inside = pieces.filter(([x, y]) => x > 2 && x < size - 3 && y > 1.5 && y < size - 1);
  if (inside.length === 0) return [];
  const [x, y] = inside.reduce((best, piece) => (piece[1] < best[1] ? piece : best));
  return [svg("text", { class: "level", x, y, "text-anchor": "middle" }, String(level))];
}

/** @param {Landscape} landscape */
function walk({ points, bounds, size, at, walks }) {
  const place = ([a, b] = points[0]) => [
    ((a - bounds.x[0]) / (bounds.x[1] - bounds.x[0])) * (size - 1) + 0.5,
    ((bounds.y[1] - b) / (bounds.y[1] - bounds.y[0])) * (size - 1) + 0.5,
  ];
  const places = points.map(place);
  const path = (/** @type {number[][]} */ some) =>
    some.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`).join("");
  const [x, y] = places[at];
  const parts = walks
    ? [
        svg("path", { class: "walk halo", d: path(places) }),
        svg("path", { class: "walk", d: path(places) }),
        ...places.map(([cx, cy]) => svg("circle", { class: "moment", cx, cy, r: 0.22 })),
      ]
    : [];
  return [...parts, svg("circle", { class: "ball", cx: x, cy: y, r: 0.6 })];
}
