/** Doubt: every test digit that the network gets wrong, the surest first, and which digit is taken for which. */

import * as api from "../../api.js";
import { h } from "../../marks/dom.js";
import { percent } from "../../marks/format.js";
import { confusionTable } from "../../marks/matrix.js";
import { thumbnail } from "../look/browse.js";
import { whenEvaluated } from "./evaluated.js";

const SHOWN = 40;

/** @param {HTMLElement} root */
export function mount(root) {
  whenEvaluated(root, async ({ mistakes, errors, confusion_matrix: confusion, n }, id) => {
    const name = api.runs().find((run) => run.id === id)?.name ?? id;
    const first = mistakes.slice(0, SHOWN);
    const digits = await api.digitsByIndex(
      "test",
      first.map((/** @type {any} */ { index }) => index),
    );
    const byIndex = new Map(digits.map((digit) => [digit.index, digit]));
    const grid = h("div", { class: "digits mistakes", role: "group", "aria-label": "Mistakes" });
    for (const { index, label, digit, probability } of first) {
      const image = byIndex.get(index);
      if (!image) continue;
      const button = thumbnail("test", image, `${label} → ${digit}`);
      button.title = `Labelled ${label}, read as ${digit}, ${percent(probability)} sure`;
      button.setAttribute(
        "aria-label",
        `${label} → ${digit}: test image ${index}, labelled ${label}, read as ${digit}, ${percent(probability)} sure`,
      );
      grid.append(button);
    }
    return [
      h(
        "p",
        { role: "status" },
        h("strong", {}, errors ?? mistakes.length),
        ` of ${n.toLocaleString("en")} are read wrong by ${name}. Written under each: label → answer.`,
      ),
      grid,
      h(
        "details",
        { class: "more" },
        h("summary", {}, "Which digit is taken for which"),
        h(
          "p",
          { class: "note" },
          "Rows: the label. Columns: the network's answer. Both from 0 to 9.",
        ),
        h(
          "div",
          { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Confusion matrix" },
          confusionTable(confusion, "Mistakes by label, in rows, and answer, in columns"),
        ),
      ),
    ];
  });
}
