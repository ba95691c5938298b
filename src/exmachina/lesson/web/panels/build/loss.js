/** Train: the loss as a curve of the probability given to the right digit; the current digit's place on it. */

import { lineChart } from "../../marks/chart.js";
import { h } from "../../marks/dom.js";
import { fixed, percent } from "../../marks/format.js";
import { argmax } from "../../network/forward.js";
import { store } from "../../state.js";
import { segments, whileVisible } from "../shared.js";

/** @type {[number, number][]} */
const CURVE = Array.from({ length: 200 }, (_, i) => [(i + 1) / 200, -Math.log((i + 1) / 200)]);

/** @param {HTMLElement} root */
export function mount(root) {
  let truth = -1;
  const chart = h("div", {});
  const note = h("p", { role: "status" });
  const which = [
    { value: -1, text: "Its label" },
    ...Array.from({ length: 10 }, (_, i) => ({
      value: i,
      text: String(i),
      name: `Suppose it is a ${i}`,
    })),
  ];
  root.append(
    chart,
    h(
      "div",
      { class: "controls" },
      "Suppose the right digit is",
      segments("The right digit", which, -1, (digit) => {
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
      lineChart([{ name: "loss", points: CURVE }], {
        x: "probability of the right digit",
        y: "loss",
        xDomain: [0, 1],
        yDomain: [0, 5],
        at: probability,
      }),
    );
    note.textContent = result
      ? `For this digit the network gives the ${right} ${percent(probability, 2)}: a loss of ${fixed(-Math.log(Math.max(probability, 1e-30)), 3)}.`
      : "Draw or choose a digit.";
  }
  whileVisible(root, ["result", "source"], show);
}
