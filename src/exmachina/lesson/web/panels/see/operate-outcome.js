/** See: what an operation did, to the reader's digit and to a thousand test digits. */

import { h } from "../../marks/dom.js";
import { chance, percent, signed } from "../../marks/format.js";
import { argmax, forward } from "../../network/forward.js";
import { pairedDifference, wilson } from "../../network/statistics.js";
import { rightOnes, testReader } from "../../reader.js";
import { isOperated, store } from "../../state.js";
import { t } from "../../texts.js";
import { latest, whileVisible } from "../shared.js";

const JUDGES = 1000; // test digits
/** Whoever measures in this figure asks this one. */
export const judges = testReader(JUDGES);

/** @param {HTMLElement} root */
export function mountOutcome(root) {
  const digit = h("p", { class: "measure", role: "status" });
  const accuracy = h("p", { class: "measure test", role: "status" });
  root.append(digit, accuracy);
  /** @type {{of: import("../../api.js").Model, right: Uint8Array} | null} */
  let before = null;

  const measure = latest(async () => {
    const { model, operation } = store.get();
    if (!model || !operation || !isOperated(store.get())) return;
    try {
      if (before?.of !== operation.base)
        before = { of: operation.base, right: rightOnes(await judges.read(operation.base)) };
      const after = rightOnes(await judges.read(model));
      if (isOperated(store.get())) accuracy.replaceChildren(...compared(before.right, after));
      accuracy.removeAttribute("aria-busy");
    } catch (error) {
      accuracy.textContent = t("The test digits could not be read: {reason}", {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  });

  whileVisible(root, ["result", "operation", "image"], (state) => {
    digit.replaceChildren(...readings(state));
  });
  whileVisible(root, ["model", "operation"], (state) => {
    if (isOperated(state)) {
      if (!accuracy.childElementCount) accuracy.textContent = t("Reading a thousand test digits …");
      accuracy.setAttribute("aria-busy", "true");
      return void measure();
    }
    accuracy.removeAttribute("aria-busy");
    accuracy.textContent =
      before && before.of === state.model
        ? t("It reads {share} of a thousand test digits.", { share: percent(mean(before.right)) })
        : t("A thousand test digits are read as soon as you change something.");
  });
}

/** The digit looked at, before and after. @param {import("../../state.js").State} state */
function readings(state) {
  const { image, result, operation } = state;
  if (!image || !result) return [t("Draw a digit, and see here what it is read as.")];
  const now = reading(result.probabilities);
  const name = h("span", {}, t("Your digit:"));
  if (!operation || !isOperated(state)) return [name, h("strong", {}, now)];
  const { network, weights, temperature } = operation.base;
  const past = forward(network, weights, image, { temperature });
  return [name, h("span", {}, reading(past.probabilities)), "→", h("strong", {}, now)];
}

/** @param {Float32Array} probabilities */
const reading = (probabilities) =>
  `${argmax(probabilities)}, ${chance(probabilities[argmax(probabilities)])}`;

/** @param {Uint8Array} right */
const mean = (right) => right.reduce((sum, one) => sum + one, 0) / right.length;

/** Accuracy before and after, and the difference with what chance leaves open. @param {Uint8Array} before @param {Uint8Array} after */
function compared(before, after) {
  const { difference, low, high } = pairedDifference(before, after);
  const points = (/** @type {number} */ v) => signed(100 * v, 1);
  const [from, to] = wilson(Math.round(mean(after) * JUDGES), JUDGES);
  const sure = low > 0 || high < 0;
  return [
    h("span", {}, t("A thousand test digits: {share}", { share: percent(mean(before)) })),
    "→",
    h("strong", { class: "accuracy" }, percent(mean(after))),
    h("small", {}, t("(95 % interval {from} to {to})", { from: percent(from), to: percent(to) })),
    h(
      "span",
      { class: "difference" },
      t("{difference} percentage points ({low} to {high}):", {
        difference: points(difference),
        low: points(low),
        high: points(high),
      }),
    ),
    h("span", {}, sure ? t("more than chance explains.") : t("it could be chance.")),
  ];
}
