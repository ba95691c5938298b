/**
 * Pen strokes → the 28×28 image that the network sees, with exactly the arithmetic of exmachina/images/strokes.py: the strokes
 * are scaled first and the pen laid on afterwards, so that its width is the same whatever the size of the drawing.
 *
 * @typedef {number[][][]} Strokes  each stroke a list of points [x, y], in any unit, y downwards
 * @typedef {import("./normalize.js").Picture} Picture
 */

import { BOX, centre } from "./centring.js";

const SAMPLES = 8; // per pixel and axis

/**
 * The image that the network sees, or null if there is no more than a dot.
 * @param {Strokes} strokes
 * @param {number} width of the pen, in pixels of the 28
 * @returns {Uint8Array | null} (784)
 */
export function renderStrokes(strokes, width) {
  const box = bounds(strokes);
  const extent = Math.max(box.right - box.left, box.bottom - box.top);
  if (!(extent >= 1e-6)) return null;
  const scale = (BOX - width) / extent;
  const fitted = strokes.map((stroke) =>
    stroke.map(([x, y]) => [(x - box.left) * scale + width / 2, (y - box.top) * scale + width / 2]),
  );
  const { right, bottom } = bounds(fitted);
  const side = (/** @type {number} */ end) => Math.ceil(end + width / 2 - 1e-9);
  return centre(inked(fitted, width, side(bottom), side(right))).pixels;
}

/**
 * Strokes drawn with a round pen, in pixels: the share of each pixel's 8×8 samples that the pen covers.
 * @param {Strokes} strokes
 * @param {number} width
 * @param {number} height of the picture
 * @param {number} breadth of the picture
 * @param {number} [samples]
 * @returns {Picture}
 */
export function inked(strokes, width, height, breadth, samples = SAMPLES) {
  const ink = new Uint8Array(height * breadth * samples * samples);
  for (const stroke of strokes) {
    for (let i = stroke.length > 1 ? 1 : 0; i < stroke.length; i++) {
      markSegment(
        ink,
        height * samples,
        breadth * samples,
        stroke[Math.max(0, i - 1)],
        stroke[i],
        width / 2,
        samples,
      );
    }
  }
  const pixels = new Uint8Array(height * breadth);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < breadth; x++) {
      let count = 0;
      for (let sy = 0; sy < samples; sy++) {
        const line = (y * samples + sy) * breadth * samples + x * samples;
        for (let sx = 0; sx < samples; sx++) count += ink[line + sx];
      }
      pixels[y * breadth + x] = Math.floor((255 * count) / samples ** 2 + 0.5);
    }
  }
  return { height, width: breadth, pixels };
}

/**
 * Mark the samples within `radius` of the segment from a to b, looking only at the box around it.
 * @param {Uint8Array} ink @param {number} rows @param {number} columns
 * @param {number[]} a @param {number[]} b @param {number} radius @param {number} samples
 */
function markSegment(ink, rows, columns, [ax, ay], [bx, by], radius, samples) {
  const from = (/** @type {number} */ p, /** @type {number} */ q) =>
    Math.max(0, Math.floor((Math.min(p, q) - radius) * samples));
  const to = (/** @type {number} */ p, /** @type {number} */ q) =>
    Math.ceil((Math.max(p, q) + radius) * samples) + 1;
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  for (let row = from(ay, by); row < Math.min(rows, to(ay, by)); row++) {
    const y = (row + 0.5) / samples;
    for (let column = from(ax, bx); column < Math.min(columns, to(ax, bx)); column++) {
      const x = (column + 0.5) / samples;
      const t = length > 0 ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
      const away = (x - (ax + t * dx)) ** 2 + (y - (ay + t * dy)) ** 2;
      if (away <= radius * radius) ink[row * columns + column] = 1;
    }
  }
}

/** The box around all points. @param {Strokes} strokes */
export function bounds(strokes) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const [x, y] of strokes.flat()) {
    box.left = Math.min(box.left, x);
    box.top = Math.min(box.top, y);
    box.right = Math.max(box.right, x);
    box.bottom = Math.max(box.bottom, y);
  }
  return box;
}
