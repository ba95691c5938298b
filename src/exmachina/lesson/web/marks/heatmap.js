/**
 * Heat maps: one canvas pixel per value, enlarged by CSS.
 *
 * @typedef {import("./scale.js").Scale} Scale
 * @typedef {{width: number, height: number, scale?: Scale, max?: number, offset?: number, label?: string}} Options
 *   `offset`: where the map starts in `values`; `max`: the value with the strongest colour, by default the largest.
 */

import { colourTable, forgetColours, position, reach } from "./scale.js";

/** @type {WeakMap<HTMLCanvasElement, {values: ArrayLike<number>, options: Options}>} what each canvas shows */
const shown = new WeakMap();

/**
 * A map of values as a canvas.
 * @param {ArrayLike<number>} values
 * @param {Options} options
 */
export function heatMap(values, options) {
  const canvas = document.createElement("canvas");
  canvas.className = "heat";
  paint(canvas, values, options);
  return canvas;
}

/**
 * Paint other values on a canvas that `heatMap` made.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} values
 * @param {Options} options
 */
export function paint(canvas, values, options) {
  const { width, height, scale = "ink", offset = 0, label } = options;
  shown.set(canvas, { values, options });
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const area = width * height;
  const max =
    options.max ??
    reach(
      area === values.length ? values : Array.from({ length: area }, (_, i) => values[offset + i]),
    );
  const table = colourTable(scale);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height);
  for (let i = 0; i < area; i++) {
    const at = 3 * position(values[offset + i], scale, max);
    image.data[4 * i] = table[at];
    image.data[4 * i + 1] = table[at + 1];
    image.data[4 * i + 2] = table[at + 2];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  if (label !== undefined) {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
  } else {
    canvas.setAttribute("aria-hidden", "true");
  }
}

/** Paint every heat map again, after a change of theme. */
export function repaintAll() {
  forgetColours();
  for (const canvas of document.querySelectorAll("canvas.heat")) {
    const last = shown.get(/** @type {HTMLCanvasElement} */ (canvas));
    if (last) paint(/** @type {HTMLCanvasElement} */ (canvas), last.values, last.options);
  }
}

/** How a digit is painted: 784 bytes, 0 … 255, more ink for larger values. @type {Options} */
export const DIGIT = { width: 28, height: 28, scale: "pixel", max: 255 };

/** A digit. @param {ArrayLike<number>} pixels @param {string} [label] */
export const digitImage = (pixels, label) => heatMap(pixels, { ...DIGIT, label });
