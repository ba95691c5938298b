/** Prepare: the same window of pixels as bytes, as fractions, and as this network wants them. */

import { h } from "../../marks/dom.js";
import { fixed, percent } from "../../marks/format.js";
import { matrix } from "../../marks/matrix.js";
import { argmax, forwardFrom, standardize } from "../../network/forward.js";
import { whileVisible, segments } from "../shared.js";
import { store } from "../../state.js";
import { t } from "../../texts.js";

/** @type {{value: string, text: string}[]} */
const WAYS = [
  { value: "right", text: t("As trained") },
  { value: "fractions", text: t("Only / 255") },
  { value: "bytes", text: t("Raw bytes") },
];

/** @param {HTMLElement} root */
export function mount(root) {
  let way = "right";
  const numbers = h("div", { class: "three" });
  const outcome = h("div", {});
  root.append(
    numbers,
    h(
      "div",
      { class: "controls" },
      t("Feed it"),
      segments(t("What to feed the network"), WAYS, way, (next) => {
        way = next;
        show(store.get());
      }),
    ),
    outcome,
  );

  /** @param {import("../../state.js").State} state */
  function show({ image, model }) {
    if (!image || !model)
      return void outcome.replaceChildren(h("p", { class: "note" }, t("Draw or choose a digit.")));
    const { network } = model;
    const [top, left] = busiestWindow(image);
    const window = Array.from(
      { length: 16 },
      (_, i) => image[(top + Math.floor(i / 4)) * 28 + left + (i % 4)],
    );
    const ready = standardize(network, window);
    numbers.replaceChildren(
      step(
        t("bytes"),
        matrix(window, 4, { scale: "pixel", max: 255, decimals: 0, label: t("A window of bytes") }),
      ),
      step(
        "/ 255",
        matrix(
          window.map((v) => v / 255),
          4,
          { scale: "ink", max: 1, label: t("The same as fractions") },
        ),
      ),
      network.mean || network.std !== 1
        ? step(
            t("− {mean}, then / {std}", {
              mean: fixed(network.mean, 4),
              std: fixed(network.std, 4),
            }),
            matrix(ready, 4, { scale: "signed", max: 3, label: t("The same, standardised") }),
          )
        : h(
            "p",
            { class: "note" },
            t(
              "This network wants no more than that. Others also subtract the mean and divide by the spread; choose another network in the bar.",
            ),
          ),
    );
    const fed =
      {
        right: standardize(network, image),
        fractions: Float32Array.from(image, (v) => v / 255),
        bytes: Float32Array.from(image),
      }[way] ?? new Float32Array();
    const result = forwardFrom(network, model.weights, fed);
    const digit = argmax(result.logits);
    const scores = Array.from(result.logits).sort((a, b) => b - a);
    outcome.replaceChildren(
      h(
        "p",
        { class: "fact", role: "status" },
        `${t("Read as {digit}, {percent}", { digit, percent: percent(result.probabilities[digit]) })}. `,
        h(
          "span",
          { class: "note" },
          t("Highest score {first}, next {second}.", {
            first: fixed(scores[0], 1),
            second: fixed(scores[1], 1),
          }),
        ),
      ),
      h(
        "p",
        { class: "note" },
        way === "bytes"
          ? t("The scores are huge now, and whatever it says, it says with certainty.")
          : way === "fractions" && network.mean
            ? t(
                "Nearly right is not right: every input is off by the same amount, and all sums with it.",
              )
            : "",
      ),
    );
  }
  whileVisible(root, ["image", "model", "theme"], show);
}

/** @param {string} title @param {Node} table */
const step = (title, table) => h("div", {}, h("p", { class: "mono" }, title), table);

/** Where 4 × 4 pixels differ most. @param {ArrayLike<number>} image */
function busiestWindow(image) {
  let best = [12, 12],
    most = -1;
  for (let y = 4; y < 21; y++) {
    for (let x = 4; x < 21; x++) {
      const values = Array.from(
        { length: 16 },
        (_, i) => image[(y + Math.floor(i / 4)) * 28 + x + (i % 4)],
      );
      const mean = values.reduce((a, b) => a + b, 0) / 16;
      const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0);
      if (variance > most) [most, best] = [variance, [y, x]];
    }
  }
  return best;
}
