/**
 * Any picture, brought to MNIST's convention where no server can do it, with the arithmetic of exmachina/images/mnist.py:
 * grey, ink bright, the page cleaned, and then as every drawing.
 *
 * @typedef {import("./normalize.js").Picture} Picture
 */

import { clean, digitsBeside } from "./clean.js";
import { secondLook } from "./closing.js";
import { stages } from "./normalize.js";
import { ring } from "./materials.js";
import * as paper from "./paper.js";
import { small } from "./resampling.js";
import { unruled } from "./rules.js";
import { sheetAlone } from "./sheet.js";
import { greatest, least, median } from "./statistics.js";

const WORKING_SIDE = 1500; // larger pictures are averaged down by a whole number first

/** MNIST's 784 pixels, or null if there is no digit in the picture. @param {Picture} picture of any brightness */
export function prepare(picture) {
  return stages(clean(upright(picture)))?.centre.pixels ?? null;
}

/** What a second look at a photograph finds, or null. @param {Picture} picture of any brightness */
export function lookAgain(picture) {
  const again = secondLook(paperAlone(picture));
  return again && (stages(again)?.centre.pixels ?? null);
}

/** Does the picture seem to hold more digits than the one that is cut out? @param {Picture} picture of any brightness */
export const holdsSeveral = (picture) => digitsBeside(upright(picture)) > 0;

/** Of a size to work on, without the desk around a sheet and without printed lines. @param {Picture} picture */
const paperAlone = (picture) => unruled(sheetAlone(small(picture, WORKING_SIDE)));

/** The same, ink bright on dark. @param {Picture} picture */
const upright = (picture) => polarity(paperAlone(picture));

/** Ink bright on dark paper. @param {Picture} picture @returns {Picture} */
function polarity(picture) {
  return isDarkOnLight(picture)
    ? { ...picture, pixels: picture.pixels.map((value) => 255 - value) }
    : picture;
}

/** A border of one level is paper; else see paper.js. @param {Picture} picture */
function isDarkOnLight(picture) {
  const border = ring(picture);
  if (least(border) === greatest(border))
    return 2 * border[0] > least(picture.pixels) + greatest(picture.pixels);
  return paper.isDarkOnLight(paper.judged(picture));
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
  const sheet = varied ? Math.floor(median(opaque)) : mean >= 128 ? 0 : 255;
  return luma.map((value, i) => Math.round((value * alpha[i] + sheet * (255 - alpha[i])) / 255));
}

/** @param {Uint8ClampedArray} data red, green, blue and alpha @param {Uint8Array} luma @param {Uint8Array} alpha @param {number} at */
export function greyscale(data, luma, alpha, at) {
  for (let i = 0; i < data.length / 4; i++) {
    luma[at + i] =
      (data[4 * i] * 19595 + data[4 * i + 1] * 38470 + data[4 * i + 2] * 7471 + 0x8000) >> 16;
    alpha[at + i] = data[4 * i + 3];
  }
}
