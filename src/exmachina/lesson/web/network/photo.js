/**
 * Any picture, brought to MNIST's convention where no server can do it, with the arithmetic of exmachina/normalize.py:
 * grey, ink bright, the page cleaned, paper at 0, and then as every drawing.
 *
 * @typedef {import("./normalize.js").Picture} Picture
 */

import { MIN_CONTRAST, clean, isUneven, ring } from "./clean.js";
import { crop, stages } from "./normalize.js";
import { blurred, small } from "./planes.js";
import { greatest, least, median } from "./statistics.js";

const WORKING_SIDE = 1500; // larger pictures are averaged down by a whole number first
const SMALLEST_INK = 0.02; // of the picture's longer side: anything shorter is a speck

/** MNIST's 784 pixels, or null if there is no digit in the picture. @param {Picture} picture of any brightness */
export function prepare(picture) {
  const page = clean(polarity(small(picture, WORKING_SIDE)));
  const strong = contrast(page);
  const cut = strong && crop(strong);
  if (!strong || !cut) return null;
  const longer = Math.max(cut.height, cut.width);
  if (longer < Math.max(3, SMALLEST_INK * Math.max(strong.height, strong.width))) return null;
  return stages(strong)?.centre.pixels ?? null;
}

/** Ink bright on dark paper. @param {Picture} picture @returns {Picture} */
export function polarity(picture) {
  return isDarkOnLight(picture)
    ? { ...picture, pixels: picture.pixels.map((value) => 255 - value) }
    : picture;
}

/** The border is taken for paper, unless uneven light makes it a poor witness. @param {Picture} picture */
function isDarkOnLight(picture) {
  if (!isUneven(picture))
    return 2 * median(ring(picture)) > least(picture.pixels) + greatest(picture.pixels);
  const copy = small(picture, 100);
  const around = blurred(copy, Math.max(copy.height, copy.width) / 12).pixels;
  // Against its surroundings ink stands out further than paper does, and the cube keeps the sign.
  return copy.pixels.reduce((sum, value, i) => sum + (value - around[i]) ** 3, 0) < 0;
}

/** Paper, the border's median level, at 0 and the strongest ink at 255; null if they hardly differ. @param {Picture} picture */
function contrast(picture) {
  const paper = median(ring(picture));
  const span = greatest(picture.pixels) - paper;
  if (span < MIN_CONTRAST) return null;
  const level = (/** @type {number} */ value) =>
    Math.floor(Math.min(255, Math.max(0, ((value - paper) * 255) / span)) + 0.5);
  return { ...picture, pixels: picture.pixels.map(level) };
}

/**
 * Brightness of coloured pixels, transparent ones as the paper that lets the ink be seen.
 * @param {Uint8Array} luma
 * @param {Uint8Array} alpha
 */
export function overPaper(luma, alpha) {
  if (least(alpha) === 255) return luma;
  let opaque = luma.filter((_, i) => alpha[i] >= 128);
  if (!opaque.length) opaque = luma.filter((_, i) => alpha[i] > 0);
  if (!opaque.length) return luma.map(() => 255);
  const mean = opaque.reduce((a, b) => a + b, 0) / opaque.length;
  const varied = greatest(opaque) - least(opaque) >= 128;
  const paper = varied ? Math.floor(median(opaque)) : mean >= 128 ? 0 : 255;
  return luma.map((value, i) => Math.round((value * alpha[i] + paper * (255 - alpha[i])) / 255));
}

/** @param {Uint8ClampedArray} data red, green, blue and alpha @param {Uint8Array} luma @param {Uint8Array} alpha @param {number} at */
export function greyscale(data, luma, alpha, at) {
  for (let i = 0; i < data.length / 4; i++) {
    luma[at + i] =
      (data[4 * i] * 19595 + data[4 * i + 1] * 38470 + data[4 * i + 2] * 7471 + 0x8000) >> 16;
    alpha[at + i] = data[4 * i + 3];
  }
}
