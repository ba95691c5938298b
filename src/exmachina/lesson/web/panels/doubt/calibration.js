/** Doubt: how sure the network was against how often it was right. */

import * as api from "../../api.js";
import { h, svg } from "../../marks/dom.js";
import { fixed, percent, plain, whole } from "../../marks/format.js";
import { t } from "../../texts.js";
import { segments } from "../shared.js";
import { whenEvaluated } from "./evaluated.js";

/** @typedef {{low: number, high: number, count: number, confidence: number | null, accuracy: {value: number, low: number, high: number} | null}} Bin */

/** @param {HTMLElement} root */
export function mount(root) {
  whenEvaluated(root, ({ reliability, repaired }, id) => {
    const picture = h("div", {}, diagram(reliability.bins));
    const choices = [
      { value: false, text: t("as it is") },
      { value: true, text: t("scores divided by {n}", { n: fixed(repaired.temperature) }) },
    ];
    const choice = segments(t("Its confidence"), choices, false, (wanted) =>
      picture.replaceChildren(diagram(wanted ? repaired.bins : reliability.bins)),
    );
    return [
      picture,
      h("div", { class: "controls" }, t("Its confidence"), choice),
      h("p", {}, ...why(reliability, id)),
      h(
        "p",
        {},
        t(
          "One number repairs it. Divided by {n}, all ten scores keep their order, so no answer changes, and the gap shrinks from {before} to {after} percentage points. The number was chosen on every second test digit; the gaps are those of the others.",
          {
            n: fixed(repaired.temperature),
            before: fixed(100 * repaired.before, 2),
            after: fixed(100 * repaired.ece, 2),
          },
        ),
      ),
      h(
        "p",
        { class: "note" },
        t(
          "Each stroke is a 95 % interval: where few digits fall, nobody can tell. The number beside it says how many they are.",
        ),
      ),
    ];
  });
}

/**
 * Which way its confidence is off, by how much, and where that comes from.
 * @param {{ece: number, bins: Bin[]}} reliability
 * @param {string} id of the run
 */
function why({ ece, bins }, id) {
  const lean = bins.reduce(
    (sum, { count, confidence, accuracy }) =>
      sum + count * ((accuracy?.value ?? 0) - (confidence ?? 0)),
    0,
  );
  const run = api.runs().find((item) => item.id === id);
  const recipe = api.recipes().find(({ name }) => run?.recipe.split(",")[0] === name);
  const smoothing = run?.recipe.includes(t("label smoothing")) ? 0 : recipe?.label_smoothing;
  const points = fixed(100 * ece, 2);
  const modest = lean > 0;
  return [
    modest
      ? t("On average it is right {points} percentage points more often than it says.", { points })
      : t("On average its confidence is off by {points} percentage points.", { points }),
    modest && smoothing
      ? ` ${t(
          "It was taught to be modest: with a label smoothing of {smoothing} the right digit was to get {most} in training and never all.",
          { smoothing: plain(smoothing), most: percent(1 - 0.9 * smoothing, 1) },
        )}`
      : "",
  ];
}

/** @param {Bin[]} bins */
function diagram(bins) {
  const x = (/** @type {number} */ v) => 84 + v * 416;
  const y = (/** @type {number} */ v) => 430 - v * 400;
  const size = matchMedia("(max-width: 620px)").matches ? 22 : 13; // of the text, as in marks.css
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
    );
    // One 0 is enough for both axes.
    if (v > 0)
      root.append(
        svg(
          "text",
          { class: "tick", x: x(v), y: y(0) + 8 + size, "text-anchor": "middle" },
          percent(v, 0),
        ),
      );
  }
  root.append(
    svg("line", { class: "line other", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
    svg("text", { class: "axis", x: 4, y: 14 }, t("right")),
    svg(
      "text",
      { class: "axis", x: x(1), y: y(0) + 14 + 2 * size, "text-anchor": "end" },
      t("how sure it was"),
    ),
  );
  // A count stands where it covers neither a stroke nor another count; where there is no such place, it is in the words.
  const measured = bins.flatMap(({ confidence, accuracy, count }) =>
    confidence === null || !accuracy ? [] : [{ at: x(confidence), accuracy, count }],
  );
  const taken = measured.map(({ at, accuracy }) => ({
    left: at - 6,
    right: at + 6,
    top: Math.min(y(accuracy.high), y(accuracy.value) - 6),
    bottom: Math.max(y(accuracy.low), y(accuracy.value) + 6),
  }));
  measured.forEach(({ at, accuracy, count }, index) => {
    root.append(
      svg("line", { class: "line", x1: at, x2: at, y1: y(accuracy.low), y2: y(accuracy.high) }),
      svg("circle", { class: "dot", cx: at, cy: y(accuracy.value), r: 5 }),
    );
    const text = whole(count);
    const own = taken[index];
    const place = placesAround(own, 0.6 * size * text.length, size).find(
      (box) =>
        box.top >= 0 &&
        box.bottom <= y(0) + 6 &&
        box.right <= 560 &&
        !taken.some((other) => overlap(box, other)),
    );
    if (!place) return;
    taken.push(place);
    root.append(
      svg(
        "text",
        {
          class: "tick count haloed",
          x: (place.left + place.right) / 2,
          y: place.bottom - 0.2 * size,
          "text-anchor": "middle",
        },
        text,
      ),
    );
  });
  return root;
}

/** @typedef {{left: number, right: number, top: number, bottom: number}} Box */

/** Below, above, to the right and to the left of a stroke. @param {Box} stroke @param {number} width @param {number} height @returns {Box[]} */
function placesAround({ left, right, top, bottom }, width, height) {
  const box = (/** @type {number} */ x, /** @type {number} */ y) => ({
    left: x,
    right: x + width,
    top: y,
    bottom: y + height,
  });
  const [middle, level] = [(left + right - width) / 2, (top + bottom - height) / 2];
  return [
    box(middle, bottom + 1),
    box(middle, top - height - 1),
    box(right + 1, bottom - height),
    box(right + 1, level),
    box(left - width - 1, top),
    box(left - width - 1, level),
    box(right + 1, bottom + 6),
  ];
}

/** @param {Box} a @param {Box} b */
const overlap = (a, b) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
