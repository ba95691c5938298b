import { h } from "./dom.js";
import { fixed } from "./format.js";

/**
 * @typedef {{labels?: (string | Node)[], max?: number, format?: (value: number) => string, strong?: number,
 *   signed?: boolean, label?: string}} Options `strong`: index of the bar to set off
 */

/**
 * Horizontal bars with their values written beside them; signed values grow from a middle line.
 * @param {ArrayLike<number>} values
 * @param {Options} [options]
 */
export function bars(values, options = {}) {
  const { labels = [], signed = false, label } = options;
  const list = h(
    "ul",
    { class: signed ? "bars signed" : "bars", "aria-label": label },
    Array.from(values, (_, i) =>
      h(
        "li",
        {},
        h("span", { class: "name" }, labels[i] ?? i),
        h("span", { class: "track", "aria-hidden": "true" }, h("span", {})),
        h("span", { class: "value" }),
      ),
    ),
  );
  setBars(list, values, options);
  return list;
}

/**
 * Let bars show as many other values: what stays as it is, the browser need not lay out again.
 * @param {HTMLElement} list
 * @param {ArrayLike<number>} values
 * @param {Options} [options]
 */
export function setBars(list, values, options = {}) {
  const { format = (value) => fixed(value), strong = -1, signed = false } = options;
  const sizes = Array.from(values, Math.abs);
  const max = options.max ?? Math.max(1e-9, ...sizes);
  sizes.forEach((size, i) => {
    const bar = list.children[i];
    const [, track, written] = bar.children;
    const fill = /** @type {HTMLElement} */ (track.firstElementChild);
    const width = 100 * Math.min(1, size / max);
    const text = format(values[i]);
    bar.className = i === strong ? "strong" : "";
    fill.className = values[i] < 0 ? "fill negative" : "fill";
    fill.style.width = `${signed ? width / 2 : width}%`;
    if (written.textContent !== text) written.textContent = text;
  });
}
