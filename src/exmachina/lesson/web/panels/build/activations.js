/** Build: ReLU as a curve, and three scores turned into shares by softmax and by the sigmoid it is mistaken for. */

import { bars } from "../../marks/bars.js";
import { lineChart } from "../../marks/chart.js";
import { h } from "../../marks/dom.js";
import { fixed } from "../../marks/format.js";
import { softmax } from "../../network/layers.js";
import { t } from "../../texts.js";
import { slider } from "../shared.js";

const NAMES = ["A", "B", "C"]; // not 0, 1, 2: these are no digits

/** @param {HTMLElement} root */
export function mount(root) {
  const curve = h("div", {});
  const note = h("span", { class: "mono", role: "status" });
  const shares = h("div", { class: "side-by-side" });
  let z = 1.5;
  const scores = [2, 0.5, -1];
  const input = slider({
    label: t("Sum"),
    min: -3,
    max: 3,
    step: 0.1,
    value: z,
    format: (v) => fixed(v, 1),
    oninput: (v) => {
      z = v;
      showCurve();
    },
  });
  const sliders = scores.map(
    (score, i) =>
      slider({
        label: t("Score {i}", { i: NAMES[i] }),
        min: -4,
        max: 4,
        step: 0.1,
        value: score,
        format: (v) => fixed(v, 1),
        oninput: (v) => {
          scores[i] = v;
          showShares();
        },
      }).element,
  );
  root.append(
    curve,
    h("div", { class: "controls" }, input.element, note),
    h("div", { class: "controls scores" }, sliders),
    shares,
  );

  function showCurve() {
    curve.replaceChildren(
      lineChart(
        [
          {
            name: "ReLU",
            points: [
              [-3, 0],
              [0, 0],
              [3, 3],
            ],
          },
        ],
        {
          x: t("weighted sum"),
          y: t("passed on"),
          xDomain: [-3, 3],
          yDomain: [-0.5, 3], // the flat half stands clear of the frame
          height: 240,
          at: z,
        },
      ),
    );
    note.textContent = `max(0, ${fixed(z, 1)}) = ${fixed(Math.max(0, z), 1)}`;
  }
  function showShares() {
    const soft = softmax(scores);
    const sigmoid = scores.map((score) => 1 / (1 + Math.exp(-score)));
    shares.replaceChildren(column("softmax", soft), column(t("sigmoid, each on its own"), sigmoid));
  }
  showCurve();
  showShares();
}

/** @param {string} name @param {ArrayLike<number>} values */
function column(name, values) {
  const sum = Array.from(values).reduce((a, b) => a + b, 0);
  return h(
    "div",
    {},
    h("p", {}, name),
    bars(values, { labels: NAMES, max: 1, format: (v) => fixed(v, 3), label: name }),
    h("p", { class: "mono sum-line" }, t("sum {sum}", { sum: fixed(sum, 3) })),
  );
}
