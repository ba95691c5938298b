/** Doubt: every test digit that the network gets wrong, the surest first, and which digit is taken for which. */

import * as api from "../../api.js";
import * as dataset from "../../dataset.js";
import { h } from "../../marks/dom.js";
import { percent, whole } from "../../marks/format.js";
import { confusionTable } from "../../marks/matrix.js";
import { parts, t } from "../../texts.js";
import { thumbnail } from "../look/browse.js";
import { roving } from "../shared.js";
import { whenEvaluated } from "./evaluated.js";

const SHOWN = 40;

/** @param {HTMLElement} root */
export function mount(root) {
  whenEvaluated(root, async ({ mistakes, errors, confusion_matrix: confusion, n }, id) => {
    const name = api.runs().find((run) => run.id === id)?.name ?? id;
    const grid = h("div", { class: "digits mistakes", role: "group", "aria-label": t("Mistakes") });
    const more = h("button", { type: "button", onclick: () => showMore(true) });
    async function showMore(focus = false) {
      const shown = grid.childElementCount;
      const next = mistakes.slice(shown, shown + SHOWN);
      grid.append(...(await cards(next)));
      const left = mistakes.length - grid.childElementCount;
      more.hidden = left <= 0;
      more.textContent = t("{n} more of {left}", { n: Math.min(SHOWN, left), left });
      if (focus) grid.querySelectorAll("button")[shown]?.focus();
    }
    await showMore();
    roving(grid);
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
      h("div", { class: "controls" }, more),
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
          confusionTable(confusion, t("Mistakes by label, in rows, and answer, in columns")),
        ),
      ),
    ];
  });
}

/** @param {{index: number, label: number, digit: number, probability: number}[]} mistakes */
async function cards(mistakes) {
  const images = await dataset.digitsByIndex(
    "test",
    mistakes.map(({ index }) => index),
  );
  return images.map((image, i) => {
    const { index, label, digit, probability } = mistakes[i];
    const button = thumbnail("test", image, `${label} → ${digit}`);
    const words = { label, digit, index, percent: percent(probability) };
    button.title = t("Labelled {label}, read as {digit}, {percent} sure", words);
    button.setAttribute(
      "aria-label",
      t(
        "{label} → {digit}: test image {index}, labelled {label}, read as {digit}, {percent} sure",
        words,
      ),
    );
    return button;
  });
}
