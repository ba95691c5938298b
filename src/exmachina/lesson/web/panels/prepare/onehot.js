/** Prepare: the label as ten numbers, beside the ten that the network gives. */

import { bars } from "../../marks/bars.js";
import { h } from "../../marks/dom.js";
import { fixed } from "../../marks/format.js";
import { argmax } from "../../network/forward.js";
import { whileVisible } from "../shared.js";
import { t } from "../../texts.js";

/** @param {HTMLElement} root */
export function mount(root) {
  root.classList.add("side-by-side");
  whileVisible(root, ["result", "source"], ({ result, source }) => {
    const label = source.label;
    const answer = result?.probabilities ?? new Float32Array(10);
    root.replaceChildren(
      h(
        "div",
        {},
        h(
          "p",
          {},
          label === undefined
            ? t("Nobody has labelled your drawing. A label would be nine zeros and a 1.")
            : t("The label {label}, as ten numbers", { label }),
        ),
        label === undefined
          ? null
          : bars(
              Array.from({ length: 10 }, (_, i) => Number(i === label)),
              { max: 1, strong: label, format: (v) => fixed(v, 0), label: t("One-hot label") },
            ),
      ),
      h(
        "div",
        {},
        h("p", {}, t("The network's answer")),
        bars(answer, {
          max: 1,
          strong: result ? argmax(answer) : -1,
          format: (v) => fixed(v, 4),
          label: t("The network's answer"),
        }),
      ),
    );
  });
}
