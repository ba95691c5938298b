/**
 * A line chart with named lines, few ticks and no box around it.
 *
 * @typedef {{name: string, points: [number, number][], kind?: "main" | "other" | "faint"}} Line
 */

import { t } from "../texts.js";
import { svg } from "./dom.js";
import { plain, whole } from "./format.js";

const ROW = 18; // height of a row of names above the plot
const LETTER = 8; // about a bold letter's width

/**
 * @param {Line[]} lines
 * @param {{x: string, y: string, xDomain?: [number, number], yDomain?: [number, number], width?: number,
 *   height?: number, at?: number, format?: (value: number) => string, label?: string, dots?: boolean}} options
 *   `at`: an x value to mark, with the main line's value there
 */
export function lineChart(lines, options) {
  const {
    width = roomyWidth(640),
    height = width < 480 ? 220 : 300,
    at,
    format = short,
    dots = false,
  } = options;
  const drawn = lines.filter(({ points }) => points.length > 0);
  const all = drawn.flatMap((line) => line.points);
  const xDomain = options.xDomain ?? extent(all.map(([x]) => x));
  const yDomain = options.yDomain ?? extent([0, ...all.map(([, y]) => y)]);
  // A short name stands at the end of its line; two, or a long one, above the plot, each beside a piece of its line.
  const atEnd = drawn.length === 1 && drawn[0].name.length <= 9 && drawn[0].name !== options.y;
  const above = atEnd || drawn.length + Number(drawn[0]?.name !== options.y) < 2 ? [] : drawn;
  const box = {
    left: 52,
    right: width - (atEnd ? 76 : 16),
    top: 22 + ROW * above.length,
    bottom: height - 40,
  };
  const x = (/** @type {number} */ v) =>
    box.left + ((v - xDomain[0]) / (xDomain[1] - xDomain[0] || 1)) * (box.right - box.left);
  const y = (/** @type {number} */ v) =>
    box.bottom - ((v - yDomain[0]) / (yDomain[1] - yDomain[0] || 1)) * (box.bottom - box.top);
  const inside = (/** @type {number} */ v) => Math.max(yDomain[0], Math.min(yDomain[1], v));

  const root = svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    class: "chart",
    role: "img",
    "aria-label": options.label ?? summary(lines, options),
  });
  root.append(...axes({ box, x, y, xDomain, yDomain, format, height }, options));
  for (const [row, { name, kind = "main" }] of above.entries()) {
    const middle = 22 + ROW * row;
    const from = box.right - LETTER * name.length - 34;
    root.append(
      svg("line", { class: `line ${kind}`, x1: from, x2: from + 26, y1: middle, y2: middle }),
      svg(
        "text",
        { class: `name ${kind}`, x: box.right, y: middle + 4, "text-anchor": "end" },
        name,
      ),
    );
  }
  if (at !== undefined)
    root.append(svg("line", { class: "at", x1: x(at), x2: x(at), y1: box.top, y2: box.bottom }));
  for (const { name, points, kind = "main" } of drawn) {
    const path = points
      .map(([px, py], i) => `${i ? "L" : "M"}${x(px).toFixed(1)} ${y(inside(py)).toFixed(1)}`)
      .join("");
    root.append(svg("path", { class: `line ${kind}`, d: path }));
    if (dots)
      for (const [px, py] of points)
        root.append(svg("circle", { class: `dot ${kind}`, cx: x(px), cy: y(inside(py)), r: 3.5 }));
    const [lastX, lastY] = points[points.length - 1];
    if (atEnd)
      root.append(
        svg("text", { class: `name ${kind}`, x: x(lastX) + 8, y: y(inside(lastY)) + 4 }, name),
      );
    if (at !== undefined && kind === "main") {
      const value = between(points, at);
      const left = x(at) > (box.left + box.right) / 2;
      root.append(
        svg("circle", { class: "dot main", cx: x(at), cy: y(inside(value)), r: 5 }),
        svg(
          "text",
          {
            class: "name main haloed",
            x: x(at) + (left ? -9 : 9),
            y: Math.max(box.top + 12, y(inside(value)) - 9),
            "text-anchor": left ? "end" : "start",
          },
          format(value),
        ),
      );
    }
  }
  return root;
}

/**
 * Lines across at round values, and the numbers along both sides.
 * @param {{left: number, right: number, bottom: number}} box
 * @param {{x: (value: number) => number, domain: [number, number], format: (value: number) => string}} across
 * @param {{y: (value: number) => number, domain: [number, number], format: (value: number) => string}} up
 */
export const grid = (box, across, up) => [
  ...ticks(up.domain).flatMap((value) => [
    svg("line", { class: "grid", x1: box.left, x2: box.right, y1: up.y(value), y2: up.y(value) }),
    svg(
      "text",
      { class: "tick", x: box.left - 8, y: up.y(value) + 4, "text-anchor": "end" },
      up.format(value),
    ),
  ]),
  ...ticks(across.domain).map((value) =>
    svg(
      "text",
      { class: "tick", x: across.x(value), y: box.bottom + 18, "text-anchor": "middle" },
      across.format(value),
    ),
  ),
];

/**
 * The grid, its numbers, and what is measured along each side.
 * @param {any} frame where the plot lies and how values get there
 * @param {{x: string, y: string}} names
 */
function axes({ box, x, y, xDomain, yDomain, format, height }, names) {
  return [
    ...grid(box, { x, domain: xDomain, format: short }, { y, domain: yDomain, format }),
    svg("text", { class: "axis", x: box.left - 44, y: 12 }, names.y),
    svg("text", { class: "axis", x: box.right, y: height - 4, "text-anchor": "end" }, names.x),
  ];
}

/** A line's value at `x`, straight between its points. @param {[number, number][]} points @param {number} x */
function between(points, x) {
  const next = points.findIndex(([px]) => px >= x);
  if (next < 0) return points[points.length - 1][1];
  if (next === 0) return points[0][1];
  const [[x0, y0], [x1, y1]] = [points[next - 1], points[next]];
  return y0 + ((x - x0) / (x1 - x0 || 1)) * (y1 - y0);
}

let pageWidth = 0; // kept, for to ask means to lay the whole page out
globalThis.addEventListener?.("resize", () => (pageWidth = 0));

/** As wide as the figure on a phone, so that its text keeps its size. @param {number} most */
export function roomyWidth(most) {
  pageWidth ||= document.documentElement.clientWidth;
  return Math.max(320, Math.min(most, pageWidth - 32));
}

/** @param {Line[]} lines @param {{x: string, y: string}} options */
function summary(lines, { x, y }) {
  const ends = lines
    .filter(({ points }) => points.length)
    .map(({ name, points }) => {
      const [first, last] = [points[0], points[points.length - 1]];
      return t("{name} goes from {first} to {last}", {
        name,
        first: short(first[1]),
        last: short(last[1]),
      });
    });
  return t("Chart of {y} against {x}: {ends}.", { y, x, ends: ends.join("; ") });
}

/** @param {number[]} values @returns {[number, number]} */
function extent(values) {
  if (values.length === 0) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? [low, low + 1] : [low, high];
}

/** Three to six round numbers. @param {[number, number]} domain */
export function ticks([low, high]) {
  const rawStep = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rawStep));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rawStep * 0.99) ?? rawStep;
  const result = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + step * 1e-9; v += step)
    result.push(Number(v.toPrecision(12)));
  return result;
}

/** @param {number} value */
function short(value) {
  return Math.abs(value) >= 1000 ? whole(value) : plain(Number(value.toPrecision(3)));
}
