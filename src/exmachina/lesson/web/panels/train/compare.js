/** Train: which two of the finished trainings are drawn together, and how they ended. */

import { h } from "../../marks/dom.js";
import { fixed, percent, whole } from "../../marks/format.js";
import { store } from "../../state.js";
import { isLive, present } from "../../training.js";
import { select } from "../shared.js";
import { t } from "../../texts.js";

/** @typedef {import("../../training.js").Training} Training */

/** Two choices and a table; nothing while there are fewer than two, or while one is still learning. */
export function comparing() {
  const root = h("div", { class: "comparing", hidden: true });
  let drawn = "";

  /** @param {import("../../state.js").State} state */
  function render({ training, compared, finished }) {
    root.hidden = finished.length < 2 || isLive(training);
    const key = JSON.stringify([
      finished.map(({ id, number }) => [id, number]),
      training?.id,
      compared?.id,
    ]);
    if (root.hidden || !training || key === drawn) return;
    drawn = key;
    const options = [...finished]
      .reverse()
      .map((item) => ({ value: item.id, text: `${item.number}. ${item.name}` }));
    const find = (/** @type {string} */ id) => finished.find((item) => item.id === id) ?? null;
    const labels = [t("Compare"), t("with")];
    const focused = labels.findIndex(
      (_, i) => root.querySelectorAll("select")[i] === document.activeElement,
    );
    root.replaceChildren(
      h(
        "div",
        { class: "controls", role: "group", "aria-label": t("Two runs compared") },
        select(labels[0], options, training.id, (id) => {
          const chosen = /** @type {Training} */ (find(id));
          store.set({ training: chosen });
          present(chosen);
        }),
        select(
          labels[1],
          [...options, { value: "", text: t("nothing") }],
          compared?.id ?? "",
          (id) => store.set({ compared: find(id) }),
        ),
      ),
      ...(compared && compared.id !== training.id ? [table([training, compared])] : []),
    );
    root.querySelectorAll("select")[focused]?.focus();
  }
  return { element: root, render };
}

/** @param {Training[]} pair */
function table(pair) {
  const head = [t("run"), t("of 10,000 test digits right"), t("steps"), t("seconds")].map((text) =>
    h("th", { scope: "col" }, text),
  );
  const rows = pair.map(({ number, name, testAccuracy, points, seconds }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, `${number}. ${name}`),
      h("td", {}, testAccuracy === null ? t("stopped") : percent(testAccuracy, 2)),
      h("td", {}, whole(points[points.length - 1].step)),
      h("td", {}, seconds === null ? "–" : fixed(seconds, 1)),
    ),
  );
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      { class: "ledger compared" },
      h("thead", {}, h("tr", {}, head)),
      h("tbody", {}, rows),
    ),
  );
}
