/** See, the overview: when the digit flows through, and how. */

const PACE = 260; // milliseconds from one column to the next

/**
 * @param {HTMLElement[][]} columns the maps of each stage
 * @param {SVGElement} edges whose paths say which column they lead to
 */
export function flow(columns, edges) {
  columns.forEach((maps, column) => {
    for (const map of maps)
      map.animate([{ opacity: 0.1 }, { opacity: 1 }], timing(2 * PACE, column));
  });
  for (const edge of edges.children)
    edge.animate(
      [{ strokeDasharray: "0 1" }, { strokeDasharray: "1 0" }],
      timing(PACE, Number(/** @type {SVGElement} */ (edge).dataset.column)),
    );
}

/** @param {number} duration @param {number} column @returns {KeyframeAnimationOptions} */
const timing = (duration, column) => ({ duration, delay: column * PACE, fill: "backwards" });

let down = false;
for (const name of ["pointerdown", "pointerup", "pointercancel"])
  addEventListener(name, () => (down = name === "pointerdown"), { capture: true });

/** Whether a finger, a pen or a mouse button is down. */
export const penIsDown = () => down;
