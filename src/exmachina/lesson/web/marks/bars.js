import { h } from "./dom.js";
import { fixed } from "./format.js";

/**
 * Horizontal bars with their values written beside them; signed values grow from a middle line.
 * @param {ArrayLike<number>} values
 * @param {{labels?: (string | Node)[], max?: number, format?: (value: number) => string, strong?: number,
 *   signed?: boolean, label?: string}} [options] `strong`: index of the bar to set off
 * @returns {HTMLElement}
 */
export function bars(values, options = {}) {
  const {
    labels = [],
    format = (value) => fixed(value),
    strong = -1,
    signed = false,
    label,
  } = options;
  const list = Array.from(values);
  const max = options.max ?? Math.max(1e-9, ...list.map(Math.abs));
  return h(
    "ul",
    { class: signed ? "bars signed" : "bars", "aria-label": label },
    list.map((value, i) => {
      const fill = h("span", { class: value < 0 ? "fill negative" : "fill" });
      const width = 100 * Math.min(1, Math.abs(value) / max);
      fill.style.width = `${signed ? width / 2 : width}%`;
      return h(
        "li",
        { class: i === strong ? "strong" : "" },
        h("span", { class: "name" }, labels[i] ?? i),
        h("span", { class: "track", "aria-hidden": "true" }, fill),
        h("span", { class: "value" }, format(value)),
      );
    }),
  );
}
