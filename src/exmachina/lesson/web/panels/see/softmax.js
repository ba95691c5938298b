/** See: softmax, term by term, for the current digit. */

import { h } from "../../marks/dom.js";
import { fixed, percent } from "../../marks/format.js";
import { argmax } from "../../network/forward.js";
import { softmax } from "../../network/layers.js";
import { whileVisible } from "../shared.js";

/** @param {HTMLElement} root */
export function mount(root) {
  whileVisible(root, ["result"], ({ result, model }) => {
    if (!result)
      return root.replaceChildren(h("p", { class: "note" }, "Draw or choose a digit first."));
    const scores = Array.from(result.logits);
    const powers = scores.map(Math.exp);
    const sum = powers.reduce((total, power) => total + power, 0);
    const shares = softmax(scores);
    const best = argmax(scores);
    const rows = scores.map((score, i) =>
      h(
        "tr",
        { class: i === best ? "strong" : "" },
        h("th", { scope: "row" }, i),
        h("td", {}, fixed(score, 3)),
        h("td", {}, scientific(powers[i])),
        h("td", {}, `/ ${scientific(sum)}`),
        h("td", {}, fixed(shares[i], 4)),
      ),
    );
    const head = ["digit", "score", "e to that power", "share of the sum", "probability"].map(
      (text) => h("th", { scope: "col" }, text),
    );
    const total = h(
      "tr",
      { class: "line" },
      h("th", { scope: "row" }, "sum"),
      h("td", {}, ""),
      h("td", {}, scientific(sum)),
      h("td", {}, ""),
      h(
        "td",
        {},
        fixed(
          shares.reduce((a, b) => a + b, 0),
          4,
        ),
      ),
    );
    const runnerUp = argmax(scores.map((score, i) => (i === best ? -Infinity : score)));
    const ratio = Math.exp(scores[best] - scores[runnerUp]);
    root.replaceChildren(
      h(
        "div",
        { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Softmax as a table" },
        h(
          "table",
          { class: "ledger" },
          h("thead", {}, h("tr", {}, head)),
          h("tbody", {}, rows, total),
        ),
      ),
      h(
        "p",
        { class: "note" },
        `The ${best} leads the ${runnerUp} by ${fixed(scores[best] - scores[runnerUp], 2)} points of score, which makes it ${ratio < 1e4 ? fixed(ratio, 1) : scientific(ratio)} times as probable.`,
      ),
      model && model.temperature !== 1
        ? h(
            "p",
            { class: "note" },
            `For the bars on top, this network's scores are first divided by ${fixed(model.temperature, 3)}, which was found to make its confidence honest: ${percent(result.probabilities[best], 2)}.`,
          )
        : "",
    );
  });
}

/** 12345.6 → 1.23·10⁴ @param {number} value */
function scientific(value) {
  if (value >= 0.001 && value < 1e4) return fixed(value, value < 1 ? 4 : 2);
  const power = Math.floor(Math.log10(value));
  const digits = String(Math.abs(power)).replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]);
  return `${(value / 10 ** power).toFixed(2)}·10${power < 0 ? "⁻" : ""}${digits}`;
}
