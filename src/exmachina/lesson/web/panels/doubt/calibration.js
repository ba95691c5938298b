/** Doubt: how sure the network was against how often it was right. */

import { h, svg } from "../../marks/dom.js";
import { fixed, percent, whole } from "../../marks/format.js";
import { whenEvaluated } from "./evaluated.js";
import { t } from "../../texts.js";

/** @typedef {{low: number, high: number, count: number, confidence: number | null, accuracy: {value: number, low: number, high: number} | null}} Bin */

/** @param {HTMLElement} root */
export function mount(root) {
  whenEvaluated(root, ({ reliability }) => {
    const bins = /** @type {Bin[]} */ (reliability.bins).filter(({ count }) => count > 0);
    return [
      diagram(bins),
      h(
        "p",
        { class: "note" },
        t(
          "Each stroke is a 95 % interval: where few digits fall, nobody can tell. The number beside it says how many they are.",
        ),
      ),
      h(
        "p",
        {},
        t("On average, its confidence is off by {points} percentage points.", {
          points: fixed(100 * reliability.ece, 2),
        }),
      ),
    ];
  });
}

/** @param {Bin[]} bins */
function diagram(bins) {
  const x = (/** @type {number} */ v) => 60 + v * 440;
  const y = (/** @type {number} */ v) => 430 - v * 400;
  const root = svg("svg", {
    class: "chart fixed",
    viewBox: "0 0 560 480",
    role: "img",
    "aria-label": bins
      .map(({ confidence, accuracy, count }) =>
        t("Of {count} digits it was {sure} sure of, {right} were right", {
          count,
          sure: percent(confidence ?? 0, 0),
          right: percent(accuracy?.value ?? 0, 0),
        }),
      )
      .join("; "),
  });
  for (const v of [0, 0.25, 0.5, 0.75, 1]) {
    root.append(
      svg("line", { class: "grid", x1: x(0), x2: x(1), y1: y(v), y2: y(v) }),
      svg("text", { class: "tick", x: x(0) - 8, y: y(v) + 4, "text-anchor": "end" }, percent(v, 0)),
      svg("text", { class: "tick", x: x(v), y: y(0) + 20, "text-anchor": "middle" }, percent(v, 0)),
    );
  }
  root.append(
    svg("line", { class: "line other", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
    svg("text", { class: "axis", x: x(0) - 44, y: 14 }, t("right")),
    svg(
      "text",
      { class: "axis", x: x(1), y: y(0) + 40, "text-anchor": "end" },
      t("how sure it was"),
    ),
  );
  bins.forEach(({ confidence, accuracy, count }, index) => {
    if (confidence === null || !accuracy) return;
    // Counts stand below and above in turn: where the network is sure, the bins lie close together.
    const beside =
      index % 2
        ? Math.min(y(accuracy.high), y(accuracy.value) - 5) - 6
        : Math.max(y(accuracy.low), y(accuracy.value) + 5) + 14;
    root.append(
      svg("line", {
        class: "line",
        x1: x(confidence),
        x2: x(confidence),
        y1: y(accuracy.low),
        y2: y(accuracy.high),
      }),
      svg("circle", { class: "dot", cx: x(confidence), cy: y(accuracy.value), r: 5 }),
      svg(
        "text",
        { class: "tick", x: x(confidence), y: beside, "text-anchor": "middle" },
        whole(count),
      ),
    );
  });
  return root;
}
