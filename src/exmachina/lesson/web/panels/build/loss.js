/** Train: the loss as a curve of the probability given to the right digit; the current digit's place on it. */

import { lineChart } from "../../marks/chart.js";
import { h } from "../../marks/dom.js";
import { fixed, percent } from "../../marks/format.js";
import { argmax } from "../../network/forward.js";
import { store } from "../../state.js";
import { segments, tenDigits, whileVisible } from "../shared.js";
import { t } from "../../texts.js";

/** @type {[number, number][]} */
const CURVE = Array.from({ length: 200 }, (_, i) => [(i + 1) / 200, -Math.log((i + 1) / 200)]);

/** @param {HTMLElement} root */
export function mount(root) {
  let truth = -1;
  const chart = h("div", {});
  const note = h("p", { role: "status" });
  const which = tenDigits([{ value: -1, text: t("Its label") }], (i) =>
    t("Suppose it is a {i}", { i }),
  );
  root.append(
    chart,
    h(
      "div",
      { class: "controls" },
      t("Suppose the right digit is"),
      segments(t("The right digit"), which, -1, (digit) => {
        truth = digit;
        show(store.get());
      }),
    ),
    note,
  );

  /** @param {import("../../state.js").State} state */
  function show({ result, source }) {
    const right = truth >= 0 ? truth : (source.label ?? (result ? argmax(result.logits) : 0));
    const probability = result ? result.probabilities[right] : 1;
    chart.replaceChildren(
      lineChart([{ name: t("loss"), points: CURVE }], {
        x: t("probability of the right digit"),
        y: t("loss"),
        xDomain: [0, 1],
        yDomain: [0, 5],
        at: probability,
      }),
    );
    note.textContent = result
      ? t(
          "For this digit the network gives the {right} a probability of {percent}: a loss of {loss}.",
          {
            right,
            percent: percent(probability, 2),
            loss: fixed(-Math.log(Math.max(probability, 1e-30)), 3),
          },
        )
      : t("Draw or choose a digit.");
  }
  whileVisible(root, ["result", "source"], show);
}
