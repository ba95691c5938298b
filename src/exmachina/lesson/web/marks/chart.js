/**
 * A line chart with named lines, few ticks and no box around it.
 *
 * @typedef {{name: string, points: [number, number][], kind?: "main" | "other" | "faint"}} Line
 */

import { svg } from "./dom.js";
import { plain, whole } from "./format.js";
import { t } from "../texts.js";

/**
 * @param {Line[]} lines
 * @param {{x: string, y: string, xDomain?: [number, number], yDomain?: [number, number], width?: number,
 *   height?: number, at?: number, format?: (value: number) => string, label?: string, dots?: boolean}} options
 *   `at`: an x value to mark with a vertical line
 */
export function lineChart(lines, options) {
  const { width = roomyWidth(640), height = 300, at, format = short, dots = false } = options;
  const all = lines.flatMap((line) => line.points);
  const xDomain = options.xDomain ?? extent(all.map(([x]) => x));
  const yDomain = options.yDomain ?? extent([0, ...all.map(([, y]) => y)]);
  const box = { left: 52, right: width - 76, top: 22, bottom: height - 40 };
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
  for (const value of ticks(yDomain)) {
    root.append(
      svg("line", { class: "grid", x1: box.left, x2: box.right, y1: y(value), y2: y(value) }),
      svg(
        "text",
        { class: "tick", x: box.left - 8, y: y(value) + 4, "text-anchor": "end" },
        format(value),
      ),
    );
  }
  for (const value of ticks(xDomain)) {
    root.append(
      svg(
        "text",
        { class: "tick", x: x(value), y: box.bottom + 18, "text-anchor": "middle" },
        short(value),
      ),
    );
  }
  root.append(
    svg("text", { class: "axis", x: box.left - 44, y: 12 }, options.y),
    svg("text", { class: "axis", x: box.right, y: height - 4, "text-anchor": "end" }, options.x),
  );
  if (at !== undefined)
    root.append(svg("line", { class: "at", x1: x(at), x2: x(at), y1: box.top, y2: box.bottom }));
  /** @type {number[]} */
  const labelsAt = [];
  for (const { name, points, kind = "main" } of lines) {
    if (points.length === 0) continue;
    const path = points
      .map(([px, py], i) => `${i ? "L" : "M"}${x(px).toFixed(1)} ${y(inside(py)).toFixed(1)}`)
      .join("");
    root.append(svg("path", { class: `line ${kind}`, d: path }));
    if (dots)
      for (const [px, py] of points)
        root.append(svg("circle", { class: `dot ${kind}`, cx: x(px), cy: y(inside(py)), r: 3.5 }));
    const [lastX, lastY] = points[points.length - 1];
    let labelY = y(inside(lastY)) + 4;
    while (labelsAt.some((other) => Math.abs(other - labelY) < 15)) labelY -= 15;
    labelsAt.push(labelY);
    const long = name.length > 9; // does not fit beside the plot
    root.append(
      svg(
        "text",
        {
          class: `name ${kind}`,
          x: long ? box.right : x(lastX) + 8,
          y: long ? labelY - 14 : labelY,
          "text-anchor": long ? "end" : "start",
        },
        name,
      ),
    );
  }
  return root;
}

/** As wide as the figure on a phone, so that its text keeps its size. */
export const roomyWidth = (/** @type {number} */ most) =>
  Math.max(320, Math.min(most, document.documentElement.clientWidth - 32));

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
