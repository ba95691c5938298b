/**
 * A second look at a photograph, with the arithmetic of exmachina/images/closing.py: ink is what is darker than all the
 * paper near it, wherever shadows run.
 *
 * @typedef {import("./normalize.js").Picture} Picture
 * @typedef {import("./planes.js").Box} Box
 * @typedef {import("./planes.js").Mask} Mask
 */

import { longer, ring } from "./materials.js";
import { greyClosing, groups, grown, where } from "./planes.js";
import { small } from "./resampling.js";
import { greatest, least, median } from "./statistics.js";

const PHOTOGRAPH = 100; // pixels: the longer side of what is no drawing
const LOOKED_AT = 400; // pixels: larger pictures are averaged down by a whole number first
const REACH = 0.06; // of the longer side: strokes are narrower than twice that
const DARK = 8; // of 255: no light is so little that its ratios are all noise
const FAINTEST = 0.08; // of the light must be missing in the strongest ink
const STRONG = 0.35; // of the strongest ink: less is paper
const LOW = 0.05; // of the longer side: lower ink is a speck
const THIN = 30; // times as long as thick are lines on paper, not strokes
const AWAY = 0.8; // what being at the picture's side costs
const AT_EDGE = 0.15; // what ink that runs out of the picture counts
const NEARBY = 0.25; // of the digit's longer side: near enough to belong to it
const PART = 0.04; // of its ink: large enough for that
const SOFT = 0.15; // of the strongest ink: black from here
const FULL = 0.85; // and white from there

/** The digit of a photograph alone, bright on black; null if there is none. @param {Picture} picture @returns {Picture | null} */
export function secondLook(picture) {
  const border = ring(picture);
  if (longer(picture) < PHOTOGRAPH || least(border) === greatest(border)) return null;
  const shape = small(picture, LOOKED_AT);
  const missing = missingLight(shape);
  const strongest = missing.slice().sort()[Math.floor(0.999 * (missing.length - 1))];
  if (strongest < FAINTEST) return null;
  const level = Math.max(STRONG * strongest, 2 * median(missing));
  const digit = mainPieces(where(shape, (i) => missing[i] > level));
  if (!digit) return null;
  const around = grown(digit, 1).pixels;
  const pixels = Uint8Array.from(missing, (value, i) => {
    const part = (value / strongest - SOFT) / (FULL - SOFT);
    return around[i] ? Math.floor(Math.min(1, Math.max(0, part)) * 255 + 0.5) : 0;
  });
  return { height: shape.height, width: shape.width, pixels };
}

/** The share of the light around it that each pixel lacks. @param {Picture} picture */
function missingLight(picture) {
  const { height, width, pixels } = picture;
  const light = new Float64Array(height * width);
  for (let y = 0, i = 0; y < height; y++) {
    const rows = [Math.max(0, y - 1), y, y, Math.min(height - 1, y + 1)].map((v) => v * width);
    for (let x = 0; x < width; x++, i++) {
      const [left, right] = [Math.max(0, x - 1), Math.min(width - 1, x + 1)];
      light[i] = 16 * DARK;
      for (const row of rows)
        light[i] += pixels[row + left] + 2 * pixels[row + x] + pixels[row + right];
    }
  }
  const reach = Math.floor(REACH * Math.max(height, width));
  const closed = greyClosing({ height, width, pixels: light }, 2 * reach + 1).pixels;
  return light.map((value, i) => (closed[i] - value) / closed[i]);
}

/** The largest piece of ink that may be a digit, what is near the middle first, and the pieces near it. @param {Mask} ink */
function mainPieces(ink) {
  const { labels, boxes } = groups(ink, true);
  const scores = Float64Array.from(boxes, (box) => score(box, ink));
  const best = greatest(scores);
  if (!(best > 0)) return null;
  const main = boxes[scores.indexOf(best)];
  const reach = NEARBY * Math.max(main.bottom - main.top, main.right - main.left);
  const kept = boxes.map(
    ({ top, bottom, left, right, area }) =>
      area > PART * main.area &&
      main.top - reach <= top &&
      bottom <= main.bottom + reach &&
      main.left - reach <= left &&
      right <= main.right + reach,
  );
  return where(ink, (i) => labels[i] && kept[labels[i] - 1]);
}

/** How much it looks like the digit: by its size, and how far from the middle it lies. @param {Box} box @param {Mask} picture */
function score({ top, bottom, left, right, area }, { height, width }) {
  const side = Math.max(bottom - top, right - left);
  if (side < LOW * Math.max(height, width) || area * THIN < side * side) return 0;
  const out = top === 0 || left === 0 || bottom === height || right === width;
  const away = Math.max(
    Math.abs((top + bottom) / 2 / height - 0.5),
    Math.abs((left + right) / 2 / width - 0.5),
  );
  return area * (out ? AT_EDGE : 1) * (1 - AWAY * away);
}
