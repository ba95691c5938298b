/** See: softmax, term by term, for the current digit. */

import { h } from "../../marks/dom.js";
import { fixed, percent } from "../../marks/format.js";
import { argmax } from "../../network/forward.js";
import { softmax } from "../../network/layers.js";
import { whileVisible } from "../shared.js";
import { t } from "../../texts.js";

/** @param {HTMLElement} root */
export function mount(root) {
  whileVisible(root, ["result"], ({ result, model }) => {
    if (!result)
      return root.replaceChildren(h("p", { class: "note" }, t("Draw or choose a digit first.")));
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
    const head = [
      t("digit"),
      t("score"),
      t("e to that power"),
      t("share of the sum"),
      t("probability"),
    ].map((text) => h("th", { scope: "col" }, text));
    const total = h(
      "tr",
      { class: "line" },
      h("th", { scope: "row" }, t("sum")),
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
        { class: "scroll", tabIndex: 0, role: "region", "aria-label": t("Softmax as a table") },
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
        t(
          "The {best} leads the {second} by {points} points of score, which makes it {times} times as probable.",
          {
            best,
            second: runnerUp,
            points: fixed(scores[best] - scores[runnerUp], 2),
            times: ratio < 1e4 ? fixed(ratio, 1) : scientific(ratio),
          },
        ),
      ),
      model && model.temperature !== 1
        ? h(
            "p",
            { class: "note" },
            t(
              "For the bars on top, this network's scores are first divided by {temperature}, which was found to make its confidence honest: {percent}.",
              {
                temperature: fixed(model.temperature, 3),
                percent: percent(result.probabilities[best], 2),
              },
            ),
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
  return `${fixed(value / 10 ** power)}·10${power < 0 ? "⁻" : ""}${digits}`;
}
