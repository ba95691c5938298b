/** Doubt: is it a digit at all? What the ten answers say of a drawing, and what the rejector says. */

import * as dataset from "../../dataset.js";
import { bars } from "../../marks/bars.js";
import { h, svg } from "../../marks/dom.js";
import { chance, fixed, percent } from "../../marks/format.js";
import { forward } from "../../network/forward.js";
import { judge, votes } from "../../network/rejector.js";
import { setStrokes, store } from "../../state.js";
import { parts, t } from "../../texts.js";
import { sharedSheet, whileVisible } from "../shared.js";

const DIGITS = 40; // of the test set, for comparison
const VOTES = 4; // of hidden units, of each opinion

/** @typedef {import("../../api.js").Model} Model */
/** @typedef {import("../../network/rejector.js").Rejector} Rejector */

/** @param {HTMLElement} root */
export function mount(root) {
  const { canvas, redraw } = sharedSheet();
  const clear = h("button", { type: "button", onclick: () => setStrokes([]) }, t("Clear"));
  const ready = examples().map(([name, strokes]) =>
    h("button", { type: "button", onclick: () => setStrokes(strokes) }, name),
  );
  const outcome = h("div", { class: "told" });
  root.classList.add("refusing");
  root.append(
    h("div", {}, h("div", { class: "pad" }, canvas), h("div", { class: "controls" }, clear)),
    h("div", { class: "controls" }, ...ready),
    outcome,
  );
  /** @type {{model: Model | null, chances: number[]}} */
  let known = { model: null, chances: [] };

  /** Beside the drawing: how test digits fare, one after the other, so that nothing waits. @param {Model} model */
  async function compare(model) {
    known = { model, chances: [] };
    for (const { pixels } of await dataset.digits("test", { limit: DIGITS })) {
      await new Promise((resolve) => setTimeout(resolve));
      if (known.model !== model) return;
      const { network, weights, temperature } = model;
      const { isDigit } = judge(model, forward(network, weights, pixels, { temperature }));
      if (isDigit !== null) known.chances.push(isDigit);
    }
    show();
  }

  function show() {
    redraw();
    const { model, image, result } = store.get();
    clear.disabled = store.get().strokes.length === 0;
    if (!model) return;
    if (!model.rejector) return void outcome.replaceChildren(withoutRejector());
    if (known.model !== model) compare(model);
    outcome.replaceChildren(...told(model, model.rejector, image && result, known.chances));
  }
  whileVisible(root, ["model", "image", "result", "strokes", "theme"], show);
}

const withoutRejector = () =>
  h(
    "p",
    { role: "status" },
    ...parts(
      "This network has no rejector, so all it can do is doubt its ten answers. Those that came with the page have one; {command} fits one to a run.",
      { command: h("code", {}, "exmachina calibrate RUN --rejector") },
    ),
  );

/** @param {Model} model @param {Rejector} rejector @param {import("../../network/forward.js").Result | null} result @param {number[]} others */
function told(model, rejector, result, others) {
  const verdict = result && judge(model, result);
  const isDigit = verdict ? verdict.isDigit : null;
  const axis = chanceAxis(rejector.noDigit, isDigit, others);
  if (!result || !verdict || isDigit === null)
    return [axis, h("p", { role: "status" }, t("Draw something, or take one of these."))];
  const words = {
    digit: h("strong", {}, verdict.digit),
    chance: chance(verdict.probability),
    is: h("strong", {}, chance(isDigit)),
  };
  const ends = {
    "no digit": t("So it is refused."),
    unsure: t("So it is read, but not for certain: it may be another digit, or none."),
    sure: t("So it is read."),
  };
  return [
    axis,
    h(
      "p",
      { role: "status" },
      ...parts(
        "Of the ten digits it would be {digit}, {chance}. The chance that it is a digit at all: {is}.",
        words,
      ),
      " ",
      ends[verdict.certainty],
    ),
    h(
      "details",
      { class: "more" },
      h("summary", {}, t("What the hidden units of the rejector say")),
      voteBars(votes(rejector, result)),
      h(
        "p",
        { class: "note" },
        t(
          "Each has seen digits and things that are none. To the right it speaks for a digit, to the left against one; the sum of all, squeezed between 0 and 1, is the chance.",
        ),
      ),
    ),
  ];
}

/** The strongest opinions. @param {number[]} all */
function voteBars(all) {
  const order = all.map((_, unit) => unit).sort((a, b) => all[a] - all[b]);
  const shown = [...order.slice(0, VOTES), ...order.slice(-VOTES)];
  return bars(
    shown.map((unit) => all[unit]),
    {
      labels: shown.map((unit) => t("unit {n}", { n: unit })),
      signed: true,
      format: (value) => fixed(value, 1),
      label: t("The strongest votes for and against a digit"),
    },
  );
}

/** @param {number} limit @param {number | null} here @param {number[]} others */
function chanceAxis(limit, here, others) {
  const x = (/** @type {number} */ share) => 40 + 560 * share;
  const told =
    here === null ? t("Nothing yet") : t("Chance to be a digit: {is}", { is: chance(here) });
  return svg(
    "svg",
    { class: "chart fixed", viewBox: "0 0 640 120", role: "img", "aria-label": told },
    svg("rect", { class: "area", x: x(0), y: 40, width: x(limit) - x(0), height: 30 }),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
      svg("line", { class: "grid", x1: x(share), x2: x(share), y1: 34, y2: 78 }),
      svg(
        "text",
        { class: "tick", x: x(share), y: 112, "text-anchor": "middle" },
        percent(share, 0),
      ),
    ]),
    ...others.map((share) => svg("circle", { class: "dot", cx: x(share), cy: 86, r: 3 })),
    svg(
      "text",
      { class: "name", x: x(0), y: 28 },
      t("Refused: below {limit}", { limit: percent(limit, 0) }),
    ),
    svg(
      "text",
      { class: "name", x: x(1), y: 28, "text-anchor": "end" },
      t("Dots: {n} test digits", { n: DIGITS }),
    ),
    here === null ? null : svg("line", { class: "at", x1: x(here), x2: x(here), y1: 34, y2: 78 }),
  );
}

/** Things to try, on a sheet of 280 × 280. @returns {[string, number[][][]][]} */
const examples = () => [
  [
    t("A smiley"),
    [
      arc(140, 140, 100, 0, 360),
      arc(140, 150, 55, 20, 160),
      [
        [105, 100],
        [105, 120],
      ],
      [
        [175, 100],
        [175, 120],
      ],
    ],
  ],
  [t("A heart"), [heart()]],
  [
    t("An arrow"),
    [
      [
        [50, 140],
        [230, 140],
      ],
      [
        [170, 80],
        [230, 140],
        [170, 200],
      ],
    ],
  ],
  [
    t("The letter H"),
    [
      [
        [80, 50],
        [80, 230],
      ],
      [
        [200, 50],
        [200, 230],
      ],
      [
        [80, 140],
        [200, 140],
      ],
    ],
  ],
  [
    t("Two digits"),
    [
      arc(80, 140, 45, 0, 360),
      [
        [170, 90],
        [240, 90],
        [190, 190],
      ],
    ],
  ],
  [
    t("A seven"),
    [
      [
        [84, 62],
        [202, 62],
        [168, 140],
        [140, 224],
      ],
    ],
  ],
];

/** @param {number} x @param {number} y @param {number} radius @param {number} from degrees @param {number} to */
function arc(x, y, radius, from, to) {
  const angles = Array.from(
    { length: 37 },
    (_, i) => ((from + ((to - from) * i) / 36) * Math.PI) / 180,
  );
  return angles.map((angle) => [x + radius * Math.cos(angle), y + radius * Math.sin(angle)]);
}

function heart() {
  return Array.from({ length: 49 }, (_, i) => {
    const a = (i / 24) * Math.PI;
    const y = 13 * Math.cos(a) - 5 * Math.cos(2 * a) - 2 * Math.cos(3 * a) - Math.cos(4 * a);
    return [140 + 6 * 16 * Math.sin(a) ** 3, 130 - 6 * y];
  });
}
