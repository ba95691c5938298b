/** Shares with their intervals on one scale: a table whose every row draws itself. */

import { t } from "../texts.js";
import { h } from "./dom.js";
import { percent, whole } from "./format.js";

/** @typedef {{name: string, of: string, value: number | null, low: number, high: number, n: number}} Row
 *   `value` is null while it is not known, and for good where `n` is 0; `of`: what was read */

/**
 * @param {Row[]} rows
 * @param {{label: string, from?: number}} options `from`: where the scale begins, which ends at 1
 */
export function intervals(rows, { label, from = scaleFrom(rows) }) {
  const place = (/** @type {number} */ v) => (100 * (Math.max(from, v) - from)) / (1 - from);
  const head = [t("network"), t("reads"), t("{from} to 100 %", { from: percent(from, 0) })];
  return h(
    "table",
    { class: "intervals", "aria-label": label },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        [...head, t("right"), t("95 % interval"), "n"].map((text) =>
          h("th", { scope: "col" }, text),
        ),
      ),
    ),
    h(
      "tbody",
      {},
      rows.map((row) => tableRow(row, place)),
    ),
  );
}

/** @param {Row} row @param {(value: number) => number} place in percent of the scale */
function tableRow({ name, of, value, low, high, n }, place) {
  const known = value !== null;
  const track = h("div", { class: "track", "aria-hidden": "true" });
  if (known) {
    const span = h("span", { class: "span" });
    span.style.left = `${place(low)}%`;
    span.style.width = `${place(high) - place(low)}%`;
    const dot = h("span", { class: "value" });
    dot.style.left = `${place(value)}%`;
    track.append(span, dot);
  }
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, name),
    h("td", { class: "of" }, of),
    h("td", { class: "drawn" }, track),
    h("td", { class: "number" }, known ? percent(value, 2) : n ? "…" : "–"),
    h("td", { class: "number range" }, known ? `${percent(low, 1)} – ${percent(high, 1)}` : ""),
    h("td", { class: "number" }, known ? whole(n) : ""),
  );
}

/** A round share below every interval. @param {Row[]} rows */
function scaleFrom(rows) {
  const least = Math.min(0.95, ...rows.flatMap(({ value, low }) => (value === null ? [] : low)));
  return Math.max(0, Math.floor(20 * least) / 20);
}
