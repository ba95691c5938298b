/** Doubt: every test digit that the network gets wrong, the surest first, and which digit is taken for which. */

import * as api from "../../api.js";
import { h } from "../../marks/dom.js";
import { percent, whole } from "../../marks/format.js";
import { matrix } from "../../marks/matrix.js";
import { thumbnail } from "../look/browse.js";
import { whenEvaluated } from "./evaluated.js";
import { parts, t } from "../../texts.js";

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
    const grid = h("div", { class: "digits mistakes", role: "group", "aria-label": t("Mistakes") });
    for (const { index, label, digit, probability } of first) {
      const image = byIndex.get(index);
      if (!image) continue;
      const button = thumbnail("test", image, `${label} → ${digit}`);
      button.title = t("Labelled {label}, read as {digit}, {percent} sure", {
        label,
        digit,
        percent: percent(probability),
      });
      button.setAttribute(
        "aria-label",
        t(
          "{label} → {digit}: test image {index}, labelled {label}, read as {digit}, {percent} sure",
          {
            label,
            digit,
            index,
            percent: percent(probability),
          },
        ),
      );
      grid.append(button);
    }
    const wrong = confusion.map((/** @type {number[]} */ row, /** @type {number} */ i) =>
      row.map((count, j) => (i === j ? 0 : count)),
    );
    const table = matrix(wrong.flat(), 10, {
      scale: "ink",
      decimals: 0,
      label: t("Mistakes by label, in rows, and answer, in columns"),
      format: (v) => (v ? String(v) : ""),
    });
    return [
      h(
        "p",
        { role: "status" },
        ...parts("{errors} of {n} are read wrong by {name}. Written under each: label → answer.", {
          errors: h("strong", {}, errors ?? mistakes.length),
          n: whole(n),
          name,
        }),
      ),
      grid,
      h(
        "details",
        { class: "more" },
        h("summary", {}, t("Which digit is taken for which")),
        h(
          "p",
          { class: "note" },
          t("Rows: the label. Columns: the network's answer. Both from 0 to 9."),
        ),
        h(
          "div",
          { class: "scroll", tabIndex: 0, role: "region", "aria-label": t("Confusion matrix") },
          headed(table),
        ),
      ),
    ];
  });
}

/** Row and column headings from 0 to 9. @param {HTMLTableElement} table */
function headed(table) {
  table.className = "matrix many confusion";
  for (const [i, row] of [...table.rows].entries()) row.prepend(h("th", { scope: "row" }, i));
  table.prepend(
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("td", {}),
        Array.from({ length: 10 }, (_, i) => h("th", { scope: "col" }, i)),
      ),
    ),
  );
  return table;
}
