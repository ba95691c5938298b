/**
 * Any drawing, brought to MNIST's convention, with exactly the arithmetic of exmachina/images/mnist.py: ink cut out, its
 * longer side scaled to 20 pixels, its centre of mass shifted to the middle of 28×28, bright ink on dark paper.
 *
 * @typedef {{height: number, width: number, pixels: Uint8Array}} Picture
 * @typedef {{contrast?: boolean, crop?: boolean, scale?: boolean, centre?: boolean}} Steps  what to do; all by default
 */

import { INK, MIN_CONTRAST } from "./clean.js";
import { paperLevel } from "./materials.js";
import { greatest } from "./statistics.js";

export const SIDE = 28;
export const BOX = 20; // the longer side of the ink
export const CENTRE = 14; // where MNIST's own digits balance, half a pixel past the geometric 13.5
const HALVES = 1e-6; // of a level: a mean of n.5 is rounded upward, in whatever order it was summed
const SMALLEST_INK = 0.02; // of the picture's longer side: anything shorter is a speck

/** Halves upward, as the library rounds. @param {number} value */
const round = (value) => Math.floor(value + 0.5);

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

/**
 * Another size: averaged over areas when it shrinks, interpolated linearly when it grows.
 * @param {Picture} picture
 * @param {number} height
 * @param {number} width
 * @returns {Picture}
 */
export function resize(picture, height, width) {
  if (picture.height === height && picture.width === width) return picture;
  const rows = shares(picture.height, height);
  const columns = shares(picture.width, width);
  const narrow = new Float64Array(picture.height * width); // first along the lines, then down the columns
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (const [from, share] of columns[x])
        sum += share * picture.pixels[y * picture.width + from];
      narrow[y * width + x] = sum;
    }
  }
  const pixels = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (const [from, share] of rows[y]) sum += share * narrow[from * width + x];
      pixels[y * width + x] = round(sum + HALVES);
    }
  }
  return { height, width, pixels };
}

/**
 * For each new sample the old ones that go into it, and their shares.
 * @param {number} before
 * @param {number} after
 * @returns {[number, number][][]}
 */
function shares(before, after) {
  const step = before / after;
  return Array.from({ length: after }, (_, i) => {
    /** @type {[number, number][]} */
    const list = [];
    const place = Math.min(Math.max((i + 0.5) * step - 0.5, 0), before - 1);
    for (let j = 0; j < before; j++) {
      const share =
        after < before
          ? Math.max(0, Math.min((i + 1) * step, j + 1) - Math.max(i * step, j)) / step
          : Math.max(0, 1 - Math.abs(place - j));
      if (share > 0) list.push([j, share]);
    }
    return list;
  });
}

/**
 * On empty 28×28, shifted by whole pixels so that the ink balances at `CENTRE` and none is pushed over the edge.
 * @param {Picture} picture
 * @returns {Picture}
 */
export function centre(picture) {
  if (Math.max(picture.height, picture.width) > SIDE) picture = resize(picture, SIDE, SIDE);
  const [y, x] = centreOfMass(picture);
  const corner = (/** @type {number} */ balance, /** @type {number} */ length) =>
    Math.min(Math.max(round(CENTRE - balance), 0), SIDE - length);
  return placed(picture, corner(y, picture.height), corner(x, picture.width));
}

/** Where the ink balances: [y, x] in pixel indices. @param {Picture} picture */
export function centreOfMass({ height, width, pixels }) {
  let [mass, momentY, momentX] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const ink = pixels[y * width + x];
      mass += ink;
      momentY += ink * y;
      momentX += ink * x;
    }
  }
  return mass === 0 ? [(height - 1) / 2, (width - 1) / 2] : [momentY / mass, momentX / mass];
}

/** @param {Picture} picture */
function inTheMiddle(picture) {
  return placed(
    picture,
    Math.floor((SIDE - picture.height) / 2),
    Math.floor((SIDE - picture.width) / 2),
  );
}

/** @param {Picture} picture @param {number} top @param {number} left @returns {Picture} */
function placed(picture, top, left) {
  const pixels = new Uint8Array(SIDE * SIDE);
  for (let y = 0; y < picture.height; y++) {
    const line = picture.pixels.subarray(y * picture.width, (y + 1) * picture.width);
    pixels.set(line, (top + y) * SIDE + left);
  }
  return { height: SIDE, width: SIDE, pixels };
}
