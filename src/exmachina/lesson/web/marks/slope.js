/**
 * The loss over one weight: the curve, the ball where the weight is, the tangent there, and the step to where it goes.
 */

import { svg } from "./dom.js";
import { fixed, significant } from "./format.js";
import { grid, roomyWidth } from "./chart.js";

/**
 * @param {{points: [number, number][], ball: [number, number], slope: number, goal: [number, number] | null, x: string, y: string,
 *   label: string}} options `goal`: where the step leads
 */
export function slopeChart({ points, ball, slope, goal, x: xName, y: yName, label }) {
  const [width, height] = [roomyWidth(440), 310];
  const box = { left: 72, right: width - 20, top: 26, bottom: height - 44 };
  const xs = points.map(([x]) => x);
  const heights = [...points, ball, ...(goal ? [goal] : [])].map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [lowest, highest] = [Math.min(...heights), Math.max(...heights)];
  const room = (highest - lowest || 1e-6) * 0.12;
  const [low, high] = [lowest - room, highest + room];
  const x = (/** @type {number} */ v) =>
    box.left + ((v - left) / (right - left || 1)) * (box.right - box.left);
  const y = (/** @type {number} */ v) =>
    box.bottom - ((v - low) / (high - low)) * (box.bottom - box.top);
  const root = svg("svg", {
    class: "chart slope",
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": label,
  });
  root.append(
    ...grid(
      box,
      { x, domain: [left, right], format: (value) => plain(value, right - left) },
      { y, domain: [low, high], format: (value) => plain(value, high - low) },
    ),
    svg("text", { class: "axis", x: 4, y: 12 }, yName),
    svg("text", { class: "axis", x: box.right, y: height - 6, "text-anchor": "end" }, xName),
  );
  const path = points.map(
    ([px, py], i) => `${i ? "L" : "M"}${x(px).toFixed(1)} ${y(py).toFixed(1)}`,
  );
  root.append(svg("path", { class: "line main", d: path.join("") }));
  root.append(tangent(ball, slope, { left, right, low, high }, x, y));
  if (goal) {
    root.append(
      svg("line", {
        class: "step",
        x1: x(ball[0]),
        x2: x(goal[0]),
        y1: y(ball[1]),
        y2: y(goal[1]),
      }),
      svg("circle", { class: "goal", cx: x(goal[0]), cy: y(goal[1]), r: 6 }),
    );
  }
  root.append(svg("circle", { class: "ball", cx: x(ball[0]), cy: y(ball[1]), r: 7 }));
  return root;
}

/** As much of the tangent as the picture holds. @param {[number, number]} ball @param {number} slope
 * @param {{left: number, right: number, low: number, high: number}} frame @param {(v: number) => number} x @param {(v: number) => number} y */
function tangent([at, loss], slope, { left, right, low, high }, x, y) {
  const reachUp = slope === 0 ? Number.POSITIVE_INFINITY : (high - loss) / Math.abs(slope);
  const reachDown = slope === 0 ? Number.POSITIVE_INFINITY : (loss - low) / Math.abs(slope);
  const [back, forth] = slope > 0 ? [reachDown, reachUp] : [reachUp, reachDown];
  const [from, to] = [Math.max(left, at - back), Math.min(right, at + forth)];
  const height = (/** @type {number} */ v) => y(loss + slope * (v - at));
  return svg("line", {
    class: "tangent",
    x1: x(from),
    x2: x(to),
    y1: height(from),
    y2: height(to),
  });
}

/** With as many decimals as tell neighbours apart. @param {number} value @param {number} range */
function plain(value, range) {
  if (Math.abs(value) < range * 1e-9) return "0";
  const decimals = Math.max(0, 1 - Math.floor(Math.log10(range / 4)));
  return decimals > 6 ? significant(value, 3) : fixed(value, decimals);
}
