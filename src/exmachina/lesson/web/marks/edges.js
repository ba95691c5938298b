/** Connections between elements of one container, as curves from the right side of one to the left side of the other. */

import { svg } from "./dom.js";

/**
 * @typedef {{from: HTMLElement, to: HTMLElement, weight?: number, className?: string, column?: number}} Edge `weight`: 0 … 1, its width;
 *   `column`: counts the gaps from the left
 */

/** A layer for edges; the container must be positioned. @param {string} className */
export const edgeLayer = (className) =>
  /** @type {SVGElement} */ (svg("svg", { class: `edges ${className}`, "aria-hidden": "true" }));

/** @param {SVGElement} layer @param {Edge[]} edges */
export function drawEdges(layer, edges) {
  const container = /** @type {HTMLElement} */ (layer.parentElement);
  layer.setAttribute("width", String(container.scrollWidth));
  layer.setAttribute("height", String(container.scrollHeight));
  layer.replaceChildren(
    ...edges.map(({ from, to, weight = 0, className = "", column = 0 }) =>
      svg("path", {
        class: className,
        "data-column": column,
        d: curve(from, to),
        pathLength: 1,
        "stroke-width": (1 + 4 * Math.min(1, weight)).toFixed(2),
      }),
    ),
  );
}

/** @param {HTMLElement} from @param {HTMLElement} to */
function curve(from, to) {
  const [x1, y1] = [from.offsetLeft + from.offsetWidth, from.offsetTop + from.offsetHeight / 2];
  const [x2, y2] = [to.offsetLeft, to.offsetTop + to.offsetHeight / 2];
  const bend = (x1 + x2) / 2;
  return `M${x1} ${y1}C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`;
}
