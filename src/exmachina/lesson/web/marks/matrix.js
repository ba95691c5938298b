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
