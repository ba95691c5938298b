/** Which of the class's digits a network takes for which, and every one that it reads wrong. */

import { h } from "../marks/dom.js";
import { percent } from "../marks/format.js";
import { digitImage } from "../marks/heatmap.js";
import { confusionTable } from "../marks/matrix.js";
import { segments } from "../panels/shared.js";
import { t } from "../texts.js";
import { serversRuns } from "./reading.js";

/** @param {HTMLElement} root @param {import("./main.js").Store} store */
export function mountMisread(root, store) {
  const runs = serversRuns();
  let chosen = runs[0]?.id ?? "";
  const result = h("div", { class: "misread" });
  const choices = runs.map(({ id, name }) => ({ value: id, text: name }));
  root.append(
    segments(t("Network"), choices, chosen, (id) => {
      chosen = id;
      show(store.get());
    }),
    result,
  );

  /** @param {import("./main.js").State} state */
  function show({ readings, drawings }) {
    const assessed = readings[chosen]?.assessed;
    if (!assessed || assessed.n !== drawings.length) {
      if (!drawings.length)
        result.replaceChildren(h("p", { class: "note" }, t("There is nothing to read yet.")));
      return;
    }
    if (assessed.errors === 0) {
      const right =
        assessed.n === 1
          ? t("It is read as it was meant.")
          : t("All {n} are read as they were meant.", { n: assessed.n });
      result.replaceChildren(h("p", { role: "status" }, right));
      return;
    }
    result.replaceChildren(mistakes(assessed, drawings), confusion(assessed));
  }
  store.watch(["readings", "drawings"], show);
}

/** @typedef {ReturnType<typeof import("../network/assess.js").assess>} Assessed */

/** @param {Assessed} assessed @param {import("./drawings.js").Drawing[]} drawings */
function mistakes({ mistakes: wrong, errors, n }, drawings) {
  const figure = (/** @type {Assessed["mistakes"][number]} */ mistake) => {
    const { index, label, digit } = mistake;
    const sure = percent(mistake.probability, 0);
    return h(
      "figure",
      {},
      digitImage(
        drawings[index].image,
        t("A {label}, read as {digit}, {sure} sure", { label, digit, sure }),
      ),
      h("figcaption", {}, `${label} → ${digit}`, h("br"), h("small", {}, sure)),
    );
  };
  return h(
    "div",
    {},
    h(
      "p",
      { role: "status" },
      t("{wrong} of {n} are read wrong, the surest first. Meant → read, and how sure.", {
        wrong: errors,
        n,
      }),
    ),
    h("div", { class: "digits mistakes" }, wrong.map(figure)),
  );
}

/** @param {Assessed} assessed */
function confusion({ confusion_matrix: counts }) {
  const options = { class: "scroll", tabIndex: 0, role: "region" };
  return h(
    "div",
    {},
    h(
      "div",
      { ...options, "aria-label": t("Which digit is taken for which") },
      confusionTable(counts, t("Meant, in rows, and read, in columns")),
    ),
    h("p", { class: "note" }, t("Rows: what was meant. Columns: what was read. Mistakes alone.")),
  );
}
