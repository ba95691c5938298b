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
    const wrong = assessed.mistakes.map(({ index, label, digit, probability }) =>
      h(
        "figure",
        {},
        digitImage(
          drawings[index].image,
          t("A {label}, read as {digit}, {sure} sure", {
            label,
            digit,
            sure: percent(probability, 0),
          }),
        ),
        h(
          "figcaption",
          {},
          `${label} → ${digit}`,
          h("br"),
          h("small", {}, percent(probability, 0)),
        ),
      ),
    );
    result.replaceChildren(
      h(
        "div",
        {},
        h(
          "p",
          { role: "status" },
          assessed.errors
            ? t("{wrong} of {n} are read wrong, the surest first. Meant → read, and how sure.", {
                wrong: assessed.errors,
                n: assessed.n,
              })
            : t("All {n} are read as they were meant.", { n: assessed.n }),
        ),
        h("div", { class: "digits mistakes" }, wrong),
      ),
      h(
        "div",
        {},
        h(
          "div",
          {
            class: "scroll",
            tabIndex: 0,
            role: "region",
            "aria-label": t("Which digit is taken for which"),
          },
          confusionTable(assessed.confusion_matrix, t("Meant, in rows, and read, in columns")),
        ),
        h(
          "p",
          { class: "note" },
          t("Rows: what was meant. Columns: what was read. Mistakes alone."),
        ),
      ),
    );
  }
  store.watch(["readings", "drawings"], show);
}
