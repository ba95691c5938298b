/**
 * Any drawing, brought to MNIST's convention, with exactly the arithmetic of exmachina/images/mnist.py: ink cut out, its
 * longer side scaled to 20 pixels, its centre of mass shifted to the middle of 28×28, bright ink on dark paper.
 *
 * @typedef {{height: number, width: number, pixels: Uint8Array}} Picture
 * @typedef {{contrast?: boolean, crop?: boolean, scale?: boolean, centre?: boolean}} Steps  what to do; all by default
 */

import { BOX, centre, inTheMiddle, resize, round, SIDE } from "./centring.js";
import { INK, MIN_CONTRAST } from "./clean.js";
import { paperLevel } from "./materials.js";
import { greatest } from "./statistics.js";

const SMALLEST_INK = 0.02; // of the picture's longer side: anything shorter is a speck

/**
 * The picture after each step, or null if there is no digit in it, at most a speck.
 * @param {Picture} picture bright ink on dark paper
 * @param {Steps} [steps]
 */
export function stages(
  picture,
  {
    contrast: withContrast = true,
    crop: withCrop = true,
    scale: withScale = true,
    centre: withCentre = true,
  } = {},
) {
  const strong = withContrast ? contrast(picture) : picture;
  const cut = strong && withCrop ? crop(strong) : strong;
  if (!strong || !cut) return null;
  const small = withScale ? scale(cut) : resize(cut, SIDE, SIDE);
  const scaled = withContrast && withScale ? contrast(small, 0) : small; // averaging greys a thin pen's strokes
  if (!scaled?.pixels.some(Boolean)) return null;
  const centred = withCentre ? centre(scaled) : inTheMiddle(scaled);
  return { contrast: strong, crop: cut, scale: scaled, centre: centred };
}

/** Paper at 0 and the strongest ink at 255; null if they hardly differ. @param {Picture} picture @param {number} [level] the paper's @returns {Picture | null} */
export function contrast(picture, level = paperLevel(picture)) {
  const span = greatest(picture.pixels) - level;
  if (span < MIN_CONTRAST) return null;
  if (level === 0 && span === 255) return picture;
  const levels = Uint8Array.from({ length: 256 }, (_, value) =>
    round(Math.min(255, Math.max(0, ((value - level) * 255) / span))),
  );
  return { ...picture, pixels: picture.pixels.map((value) => levels[value]) };
}

/** The smallest box that holds all ink; null if that is no more than a speck. @param {Picture} picture @returns {Picture | null} */
export function crop({ height, width, pixels }) {
  let [top, left, bottom, right] = [height, width, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (pixels[y * width + x] <= INK) continue;
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      [left, right] = [Math.min(left, x), Math.max(right, x)];
    }
  }
  const extent = Math.max(bottom - top, right - left) + 1;
  if (bottom < 0 || extent < Math.max(3, SMALLEST_INK * Math.max(height, width))) return null;
  return cutOut({ height, width, pixels }, top, left, bottom - top + 1, right - left + 1);
}

/** @param {Picture} picture @param {number} top @param {number} left @param {number} height @param {number} width */
export function cutOut(picture, top, left, height, width) {
  const pixels = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    const from = (top + y) * picture.width + left;
    pixels.set(picture.pixels.subarray(from, from + width), y * width);
  }
  return { height, width, pixels };
}

/** The longer side to 20 pixels, keeping the aspect ratio. @param {Picture} picture */
export function scale(picture) {
  const longer = Math.max(picture.height, picture.width);
  const side = (/** @type {number} */ length) => Math.max(1, round((length * BOX) / longer));
  return resize(picture, side(picture.height), side(picture.width));
}
