import { h, svg } from "./dom.js";

/**
 * A map with room for outlines drawn over it, in the map's own coordinates.
 * @param {HTMLCanvasElement} canvas
 * @param {string} [className]
 */
export function framed(canvas, className = "") {
  const layer = svg("svg", {
    class: "overlay",
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  return h("div", { class: `framed ${className}` }, canvas, layer);
}

/**
 * Outline cells of a framed map; no box clears it.
 * @param {Element} frame made by `framed`
 * @param {...({top: number, left: number, bottom: number, right: number, kind?: string} | null)} boxes inclusive
 */
export function outline(frame, ...boxes) {
  const canvas = /** @type {HTMLCanvasElement} */ (frame.querySelector("canvas"));
  const layer = /** @type {SVGElement} */ (frame.querySelector("svg.overlay"));
  layer.setAttribute("viewBox", `0 0 ${canvas.width} ${canvas.height}`);
  layer.replaceChildren(
    ...boxes.flatMap((box) =>
      box
        ? (box.kind ? [box.kind] : ["halo", "box"]).map((kind) =>
            svg("rect", {
              class: kind,
              x: box.left,
              y: box.top,
              width: box.right - box.left + 1,
              height: box.bottom - box.top + 1,
            }),
          )
        : [],
    ),
  );
}

/**
 * Which cell of a map is under the pointer.
 * @param {HTMLCanvasElement} canvas
 * @param {{clientX: number, clientY: number}} event
 */
export function cellAt(canvas, { clientX, clientY }) {
  const box = canvas.getBoundingClientRect();
  const clamp = (/** @type {number} */ value, /** @type {number} */ size) =>
    Math.max(0, Math.min(size - 1, Math.floor(value)));
  return {
    x: clamp(((clientX - box.left) / box.width) * canvas.width, canvas.width),
    y: clamp(((clientY - box.top) / box.height) * canvas.height, canvas.height),
  };
}
