/**
 * Pen strokes → the 28×28 image that the network sees. Strokes stay vectors until they have their final size, so that
 * a small drawing is as smooth as a large one.
 *
 * @typedef {number[][][]} Strokes  each stroke a list of points [x, y], in any unit, y downwards
 * @typedef {import("./normalize.js").Picture} Picture
 */

import { BOX, SIDE, centre, contrast, crop, scale, resize, stages } from "./normalize.js";

/**
 * Strokes drawn with a round pen, anti-aliased: how much of each pixel's width the pen covers.
 * @param {Strokes} strokes in pixels
 * @param {number} width of the pen, in pixels
 * @param {number} height of the picture
 * @param {number} breadth of the picture
 * @returns {Picture}
 */
export function draw(strokes, width, height, breadth) {
  const radius = width / 2;
  const nearest = new Float64Array(height * breadth).fill(Infinity); // squared distance to the pen's path
  for (const stroke of strokes) {
    stroke.forEach(([bx, by], i) => {
      const [ax, ay] = stroke[Math.max(0, i - 1)];
      const margin = radius + 1;
      const top = Math.max(0, Math.floor(Math.min(ay, by) - margin));
      const bottom = Math.min(height - 1, Math.ceil(Math.max(ay, by) + margin));
      const left = Math.max(0, Math.floor(Math.min(ax, bx) - margin));
      const right = Math.min(breadth - 1, Math.ceil(Math.max(ax, bx) + margin));
      const [dx, dy] = [bx - ax, by - ay];
      const length = dx * dx + dy * dy;
      for (let y = top; y <= bottom; y++) {
        for (let x = left; x <= right; x++) {
          const [px, py] = [x + 0.5 - ax, y + 0.5 - ay]; // a pixel's value is that of its middle
          const along = length > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
          const distance = (px - along * dx) ** 2 + (py - along * dy) ** 2;
          if (distance < nearest[y * breadth + x]) nearest[y * breadth + x] = distance;
        }
      }
    });
  }
  const pixels = new Uint8Array(height * breadth);
  for (let i = 0; i < pixels.length; i++) {
    if (nearest[i] === Infinity) continue;
    const covered = Math.min(1, Math.max(0, radius + 0.5 - Math.sqrt(nearest[i])));
    pixels[i] = Math.floor(255 * covered + 0.5);
  }
  return { height, width: breadth, pixels };
}

/** The box around all points: [left, top, right, bottom]. @param {Strokes} strokes */
export function bounds(strokes) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of strokes.flat()) {
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  return box;
}

/**
 * The image that the network sees, or null if there is nothing to see.
 * @param {Strokes} strokes
 * @param {number} width of the pen, in the strokes' unit
 * @returns {Uint8Array | null} (784)
 */
export function imageFromStrokes(strokes, width) {
  if (strokes.every((stroke) => stroke.length === 0)) return null;
  const [left, top, right, bottom] = bounds(strokes);
  const longer = Math.max(right - left, bottom - top) + width;
  if (longer < width * 1.5) return null; // a dot
  const factor = (4 * BOX) / longer; // drawn four times as large, then averaged down
  const margin = 4;
  const moved = strokes.map((stroke) =>
    stroke.map(([x, y]) => [(x - left + width / 2) * factor + margin, (y - top + width / 2) * factor + margin]),
  );
  const height = Math.ceil((bottom - top + width) * factor) + 2 * margin;
  const breadth = Math.ceil((right - left + width) * factor) + 2 * margin;
  return stages(draw(moved, width * factor, height, breadth))?.centre.pixels ?? null;
}
export { SIDE, centre, contrast, crop, scale, resize };
