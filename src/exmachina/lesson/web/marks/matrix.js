import { h } from "./dom.js";
import { fixed } from "./format.js";
import { colour, reach } from "./scale.js";

/**
 * Numbers in their cells, each on its colour.
 * @param {ArrayLike<number>} values
 * @param {number} columns
 * @param {{scale?: import("./scale.js").Scale, max?: number, decimals?: number, label: string, strong?: number[],
 *   format?: (value: number) => string}} options `strong`: cells to outline
 */
export function matrix(
  values,
  columns,
  { scale = "signed", max, decimals = 2, label, strong = [], format },
) {
  const list = Array.from(values);
  const top = max ?? reach(list);
  const write = format ?? ((/** @type {number} */ value) => fixed(value, decimals));
  const rows = Array.from({ length: Math.ceil(list.length / columns) }, (_, row) =>
    h(
      "tr",
      {},
      list.slice(row * columns, (row + 1) * columns).map((value, column) => {
        const cell = h(
          "td",
          { class: strong.includes(row * columns + column) ? "strong" : "" },
          write(value),
        );
        const { css, text } = colour(value, scale, top);
        cell.style.backgroundColor = css;
        cell.style.color = text;
        return cell;
      }),
    ),
  );
  return h(
    "table",
    { class: columns > 4 ? "matrix many" : "matrix", "aria-label": label },
    h("tbody", {}, rows),
  );
}

/**
 * Which digit is taken for which, the mistakes alone, with headings from 0 to 9.
 * @param {number[][]} confusion rows: what it is; columns: what it was read as
 * @param {string} label
 */
export function confusionTable(confusion, label) {
  const wrong = confusion.map((row, i) => row.map((count, j) => (i === j ? 0 : count)));
  const table = matrix(wrong.flat(), confusion.length, {
    scale: "ink",
    decimals: 0,
    label,
    format: (v) => (v ? String(v) : ""),
  });
  table.className = "matrix many confusion";
  for (const [i, row] of [...table.rows].entries()) row.prepend(h("th", { scope: "row" }, i));
  const heads = confusion.map((_, i) => h("th", { scope: "col" }, i));
  table.prepend(h("thead", {}, h("tr", {}, h("td", {}), heads)));
  return table;
}
