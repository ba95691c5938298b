/** How well each network of the server reads this class, and MNIST, with the interval of each. */

import * as api from "../api.js";
import { h } from "../marks/dom.js";
import { intervals } from "../marks/intervals.js";
import { t } from "../texts.js";
import { serversRuns } from "./reading.js";

/** @param {HTMLElement} root @param {import("./main.js").Store} store */
export function mountReaders(root, store) {
  const table = h("div", { class: "scroll" });
  root.append(
    table,
    h(
      "p",
      { class: "note" },
      t(
        "The interval is Wilson's: where the share would lie among endlessly many such digits, with 95 % confidence. It takes every drawing for a draw of its own; ten sevens by one hand say less about other hands than it believes.",
      ),
    ),
  );
  /** @type {Map<string, any>} */
  const mnist = new Map();
  for (const { id } of serversRuns())
    api.evaluation(id).then(
      (evaluation) => {
        mnist.set(id, evaluation);
        show();
      },
      () => {}, // the row says that it is not known
    );

  function show() {
    const { readings, drawings } = store.get();
    const rows = serversRuns().flatMap(({ id, name }) => [
      row(name, t("this class"), readings[id]?.assessed, drawings.length),
      row(name, t("MNIST's test digits"), mnist.get(id), 10_000),
    ]);
    table.replaceChildren(
      intervals(rows, { label: t("How well each network reads this class, and MNIST") }),
    );
  }
  store.watch(["readings", "drawings"], show);
}

/** @param {string} name @param {string} of @param {any} assessed @param {number} n @returns {import("../marks/intervals.js").Row} */
function row(name, of, assessed, n) {
  if (!assessed) return { name, of, value: null, low: 0, high: 0, n };
  const [low, high] = assessed.interval;
  return { name, of, value: assessed.accuracy, low, high, n: assessed.n };
}
