/**
 * Paper and ink: which pixels of a picture are which, however the light falls on it and however tightly it was cut;
 * with the arithmetic of exmachina/images/paper.py. All of it happens on a copy of one size, so that a picture is
 * judged alike however many pixels it came with.
 *
 * @typedef {import("./normalize.js").Picture} Picture
 * @typedef {import("./planes.js").Plane} Plane
 * @typedef {import("./planes.js").Mask} Mask
 * @typedef {{height: number, width: number, pixels: Float64Array}} Level  the paper's level everywhere
 */

import {
  brighter,
  FAINT,
  fills,
  isInside,
  isWide,
  longer,
  mean,
  ring,
  uneven,
} from "./materials.js";
import {
  blurred,
  chosen,
  extended,
  greyOpening,
  grown,
  median3,
  trimmed,
  where,
} from "./planes.js";
import { resized, small } from "./resampling.js";
import { deviation, least, percentile } from "./statistics.js";

const [SMALLEST, LARGEST] = [100, 200]; // longer side, in pixels, of the copy that is judged
const [TWO_MATERIALS, UNEVEN_LIGHT] = [0.002, 0.1]; // of the picture is uneven: at most, with ink and paper alone; at least
const PEAK = 12; // pixels: the fewest that a digit's strokes have
const FAR_ABOVE = 3; // times as far as most of what was found: more is ink on it
const STRONGER = 1.5; // times as far above their paper: narrow strokes that were overlooked
const [WIDE, NARROW] = [6, 12]; // windows in the longer side, each wider than a stroke: of any digit, of a small one
const AROUND = 1 / 12; // of the longer side: how far around a place its light is asked for
const FINEST = 64; // steps per level of 255: the paper is no surer, and every language rounds to the same

/** A copy whose longer side has from 100 to 200 pixels, the size at which everything is decided. @param {Picture} picture */
export function judged(picture) {
  const factor = Math.ceil(SMALLEST / longer(picture));
  return longer(picture) < SMALLEST
    ? resized(picture, picture.height * factor, picture.width * factor)
    : small(picture, LARGEST);
}

/**
 * Is the ink of a judged copy the darker of its two materials? In a tight cut the ink alone reaches every side. Where
 * there are no more than two materials, ink has less of the border and of the whole. Under light and shade it stands
 * out further against its surroundings than paper does.
 * @param {Picture} copy
 */
export function isDarkOnLight(copy) {
  const bright = brighter(copy);
  const dark = where(bright, (i) => !bright.pixels[i]);
  const apart = uneven(copy, bright);
  if (apart < UNEVEN_LIGHT && fills(bright) !== fills(dark)) return fills(dark);
  if (apart <= TWO_MATERIALS) return mean(ring(bright)) + mean(bright.pixels) > 1;
  const around = blurred(copy, AROUND * longer(copy)).pixels;
  return copy.pixels.reduce((sum, value, i) => sum + (value - around[i]) ** 3, 0) < 0;
}

/**
 * Which pixels of a judged copy, bright on dark, are ink, and the paper's level everywhere.
 * @param {Picture} copy
 * @param {number} blur how many pixels beside ink are neither
 * @returns {{mask: Mask, level: Level}}
 */
export function ink(copy, blur) {
  let mask = brighter(copy);
  /** @type {Level} */
  let level;
  if (isWide(mask) && !fills(mask) && !(isInside(mask) && uneven(copy, mask) <= TWO_MATERIALS)) {
    level = stepped(blurred(opened(copy, WIDE), 1.5));
    mask = brighter(minus(copy, level));
  } else {
    let before = mask;
    let again = 3;
    do {
      before = mask;
      level = lit(copy, before, blur);
      mask = brighter(minus(copy, level));
    } while (--again && mask.pixels.some((value, i) => value !== before.pixels[i]));
  }
  const fine = minus(copy, opened(copy, NARROW));
  const narrow = strongest(fine, brighter(fine));
  const most = STRONGER * strengthOf(minus(copy, level).pixels, mask);
  if (strengthOf(fine.pixels, narrow) > most) {
    level = lit(copy, narrow, blur);
    mask = strongest(minus(copy, level), brighter(minus(copy, level)));
  }
  const above = minus(copy, level).pixels;
  const strength = strengthOf(above, mask);
  const beside = grown(mask, blur).pixels;
  const noise = deviation(chosen(above, beside, 0));
  const faintest = Math.min(strength / 2, Math.max(FAINT * strength, 5 * noise));
  return { mask: where(copy, (i) => above[i] > faintest), level };
}

/**
 * What is left of what was found without light and shade that were taken for ink, as small ink far away lets it happen:
 * the strongest few pixels are then several times as far above their paper as most of what was found.
 * @param {Level} above
 * @param {Mask} mask
 */
function strongest({ pixels }, mask) {
  const peak = Float64Array.from(pixels).sort()[pixels.length - PEAK];
  while (mask.pixels.some(Boolean) && peak > FAR_ABOVE * strengthOf(pixels, mask)) {
    const some = chosen(pixels, mask.pixels);
    const bright = brighter({ height: 1, width: some.length, pixels: some }).pixels;
    if (bright.every(Boolean)) break;
    let at = 0;
    mask = where(mask, (i) => mask.pixels[i] && bright[at++]);
  }
  return mask;
}

/** How far strong ink is above its paper, at least a level. @param {Float64Array} above @param {Mask} mask */
function strengthOf(above, mask) {
  const strong = chosen(above, mask.pixels);
  return strong.length ? Math.max(2, percentile(strong, 75)) : 2;
}

/** @param {Plane} plane @param {Level} level @returns {Level} */
export function minus({ height, width, pixels }, level) {
  const above = level.pixels.slice();
  for (let i = 0; i < above.length; i++) above[i] = pixels[i] - above[i];
  return { height, width, pixels: above };
}

/**
 * The paper's level under light and shade: what is left when everything as narrow as a stroke is taken away.
 * @param {Picture} copy
 * @param {number} windows of which one is wider than a stroke
 */
function opened(copy, windows) {
  const window = Math.max(3, Math.floor(longer(copy) / windows));
  const beyond = extended(median3(copy), window); // light goes on as it fell at the border
  return trimmed(greyOpening(beyond, window), window);
}

/**
 * The paper's level everywhere: its mean around each place, ink left out. Where ink is all around, it is what a
 * quadratic surface through all of the paper says, as light falls off smoothly.
 * @param {Picture} copy
 * @param {Mask} mask
 * @param {number} blur
 */
function lit(copy, mask, blur) {
  const beside = grown(mask, blur).pixels;
  const paper = where(copy, (i) => !beside[i]);
  const smooth = surface(copy, paper);
  const away = minus(copy, smooth).pixels;
  const sigma = AROUND * longer(copy);
  const sums = blurred(
    { ...smooth, pixels: away.map((v, i) => v * paper.pixels[i]) },
    sigma,
  ).pixels;
  const weights = blurred(paper, sigma).pixels;
  const level = smooth.pixels.map((value, i) => value + sums[i] / (weights[i] + 1e-3));
  return stepped({ ...smooth, pixels: level });
}

/** In steps of 1 / 64: with them, what lies exactly on a threshold does so in any order of summation. @param {Level} level @returns {Level} */
const stepped = (level) => ({
  ...level,
  pixels: level.pixels.map((value) => Math.floor(value * FINEST + 0.5) / FINEST),
});

/** The quadratic surface nearest to the paper. @param {Picture} copy @param {Mask} paper @returns {Level} */
function surface(copy, paper) {
  const { height, width, pixels } = copy;
  const result = new Float64Array(pixels.length);
  if (!paper.pixels.some(Boolean)) return { height, width, pixels: result.fill(least(pixels)) };
  const known = new Float64Array(6);
  const describe = (/** @type {number} */ i) => {
    const y = (Math.floor(i / width) + 0.5) / longer(copy) - 0.5;
    const x = ((i % width) + 0.5) / longer(copy) - 0.5;
    known[0] = 1;
    known[1] = x;
    known[2] = y;
    known[3] = x * x;
    known[4] = x * y;
    known[5] = y * y;
  };
  // The normal equations, held off singularity where there is little paper: six rows, the right side last.
  const rows = Array.from({ length: 6 }, (_, j) =>
    Array.from({ length: 7 }, (_, k) => (j === k ? 1e-3 : 0)),
  );
  for (let i = 0; i < pixels.length; i++) {
    if (!paper.pixels[i]) continue;
    describe(i);
    for (let j = 0; j < 6; j++) {
      for (let k = 0; k < 6; k++) rows[j][k] += known[j] * known[k];
      rows[j][6] += known[j] * pixels[i];
    }
  }
  const factors = solved(rows);
  for (let i = 0; i < result.length; i++) {
    describe(i);
    for (let j = 0; j < 6; j++) result[i] += known[j] * factors[j];
  }
  return { height, width, pixels: result };
}

/** The solution of linear equations, each row with its right side at the end (Gauss and Jordan). @param {number[][]} rows */
export function solved(rows) {
  const size = rows.length;
  for (let j = 0; j < size; j++) {
    let largest = j;
    for (let i = j + 1; i < size; i++)
      if (Math.abs(rows[i][j]) > Math.abs(rows[largest][j])) largest = i;
    [rows[j], rows[largest]] = [rows[largest], rows[j]];
    for (let i = 0; i < size; i++) {
      if (i === j) continue;
      const times = rows[i][j] / rows[j][j];
      for (let k = j; k <= size; k++) rows[i][k] -= times * rows[j][k];
    }
  }
  return rows.map((row, j) => row[size] / row[j]);
}
