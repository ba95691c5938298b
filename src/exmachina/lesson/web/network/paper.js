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

import { blurred, extended, greyOpening, grown, median3, trimmed, where } from "./planes.js";
import { resized, small } from "./resampling.js";
import { deviation, greatest, least, median, percentile } from "./statistics.js";

const [SMALLEST, LARGEST] = [100, 200]; // longer side, in pixels, of the copy that is judged
const WIDEST_STROKE = 0.3; // of the longer side: what holds a square of that size is no ink
const MOST_AROUND = 2 / 3; // of the border: what covers more is no digit
const FAINT = 0.3; // of the way from paper to strong ink: less is paper
const AT_BORDER = 1 / 4; // of the border: strokes that do not fill their picture cover less
const BLUR = 3; // pixels beside a border of two materials
const [TWO_MATERIALS, UNEVEN_LIGHT] = [0.002, 0.1]; // of the picture is uneven: at most, with ink and paper alone; at least
const WHOLE_SIDE = 0.9; // of a side: what runs along more than two is paper
const AROUND = 1 / 12; // of the longer side: how far around a place its light is asked for
const FINEST = 64; // steps per level of 255: the paper is no surer, and every language rounds to the same
const BINS = 64;

/** @param {{height: number, width: number}} picture */
export const longer = ({ height, width }) => Math.max(height, width);

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
 * @returns {{found: Mask, level: Level}}
 */
export function ink(copy, blur) {
  let found = brighter(copy);
  /** @type {Level} */
  let level;
  if (
    isWide(found) &&
    !fills(found) &&
    !(isInside(found) && uneven(copy, found) <= TWO_MATERIALS)
  ) {
    level = opened(copy);
    found = brighter(minus(copy, level));
  } else {
    level = lit(copy, found, blur);
    for (let again = 0; again < 2; again++) {
      found = brighter(minus(copy, level));
      level = lit(copy, found, blur);
    }
    found = brighter(minus(copy, level));
  }
  const above = minus(copy, level).pixels;
  const strong = above.filter((_, i) => found.pixels[i]);
  const strength = strong.length ? Math.max(2, percentile(strong, 75)) : 2; // at least a level
  const beside = grown(found, blur).pixels;
  const noise = deviation(above.filter((_, i) => !beside[i]));
  const faintest = Math.min(strength / 2, Math.max(FAINT * strength, 5 * noise));
  return { found: where(copy, (i) => above[i] > faintest), level };
}

/** The paper's level in a picture of bright ink: the border's where it is of one, else that of the darker pixels. @param {Picture} picture */
export function paperLevel(picture) {
  const border = ring(picture);
  if (least(border) === greatest(border)) return border[0];
  const bright = brighter(picture).pixels;
  const dark = picture.pixels.filter((_, i) => !bright[i]);
  return dark.length ? median(dark) : least(picture.pixels);
}

/** The pixels along the border. @param {Picture} picture */
export function ring({ height, width, pixels }) {
  const by = Math.max(1, Math.floor(Math.min(height, width) / 32));
  const result = [];
  for (let y = 0; y < height; y++) {
    const inside = y >= by && y < height - by;
    for (let x = 0; x < width; x++) {
      if (inside && x === by) x = Math.max(x, width - by);
      result.push(pixels[y * width + x]);
    }
  }
  return Uint8Array.from(result);
}

/** @param {Uint8Array} values */
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** @param {Plane} plane @param {Level} level @returns {Level} */
export function minus({ height, width, pixels }, level) {
  const above = level.pixels.slice();
  for (let i = 0; i < above.length; i++) above[i] = pixels[i] - above[i];
  return { height, width, pixels: above };
}

/** The paper's level under light and shade: what is left when everything as narrow as a stroke is taken away. @param {Picture} copy */
function opened(copy) {
  const window = Math.max(3, Math.floor(longer(copy) / 6));
  const beyond = extended(median3(copy), window); // light goes on as it fell at the border
  return stepped(blurred(trimmed(greyOpening(beyond, window), window), 1.5));
}

/**
 * The paper's level everywhere: its mean around each place, ink left out. Where ink is all around, it is what a
 * quadratic surface through all of the paper says, as light falls off smoothly.
 * @param {Picture} copy
 * @param {Mask} found
 * @param {number} blur
 */
function lit(copy, found, blur) {
  const beside = grown(found, blur).pixels;
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
  const terms = (/** @type {number} */ i) => {
    const y = (Math.floor(i / width) + 0.5) / longer(copy) - 0.5;
    const x = ((i % width) + 0.5) / longer(copy) - 0.5;
    return [1, x, y, x * x, x * y, y * y];
  };
  // The normal equations, held off singularity where there is little paper: six rows, the right side last.
  const rows = Array.from({ length: 6 }, (_, j) =>
    Array.from({ length: 7 }, (_, k) => (j === k ? 1e-3 : 0)),
  );
  for (let i = 0; i < pixels.length; i++) {
    if (!paper.pixels[i]) continue;
    const known = terms(i);
    for (let j = 0; j < 6; j++) {
      for (let k = 0; k < 6; k++) rows[j][k] += known[j] * known[k];
      rows[j][6] += known[j] * pixels[i];
    }
  }
  const factors = solved(rows);
  for (let i = 0; i < result.length; i++)
    result[i] = terms(i).reduce((sum, term, j) => sum + term * factors[j], 0);
  return { height, width, pixels: result };
}

/** The solution of linear equations, each row with its right side at the end (Gauss and Jordan). @param {number[][]} rows */
function solved(rows) {
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

/** Does it hold a square that no stroke could? @param {Mask} material */
function isWide(material) {
  const { height, width, pixels } = material;
  const side = Math.floor(WIDEST_STROKE * longer(material) + 0.5);
  const sides = new Int32Array(width); // of the largest square that ends at each place of the row above
  for (let y = 0; y < height; y++) {
    let corner = 0; // up and to the left
    for (let x = 0; x < width; x++) {
      const above = sides[x];
      sides[x] = pixels[y * width + x] ? 1 + Math.min(above, corner, x ? sides[x - 1] : 0) : 0;
      if (sides[x] >= side) return true;
      corner = above;
    }
  }
  return false;
}

/**
 * Does it come near every side of the picture in few places, and cover few corners? So do strokes in a tight cut, and
 * are then ink however wide. A shadow at every side covers three corners, paper most of the border, and what squares
 * leave free comes near each side many times.
 * @param {Mask} found
 */
function fills(found) {
  const { height, width, pixels } = found;
  const near = Math.floor(longer(found) / 16);
  const narrow = Math.min(near, Math.floor(Math.min(height, width) / 8));
  const along = sidesOf(found, narrow).filter((side) => mean(side) > WHOLE_SIDE).length;
  const places = sidesOf(found, near).map(
    (side) => side.filter((one, i) => one && !side[i - 1]).length,
  );
  const corners = [0, width - 1, (height - 1) * width, height * width - 1];
  const covered = corners.filter((i) => pixels[i]).length;
  const few = Math.min(...places) > 0 && Math.max(...places) <= 3 && covered <= 2 && along <= 2;
  return few && mean(ring(found)) < MOST_AROUND;
}

/** Where along the four sides it comes as near as `near` pixels. @param {Mask} found @param {number} near */
function sidesOf({ height, width, pixels }, near) {
  near = Math.max(1, near);
  const sides = [width, width, height, height].map((length) => new Uint8Array(length));
  for (let i = 0; i < pixels.length; i++) {
    if (!pixels[i]) continue;
    const [y, x] = [Math.floor(i / width), i % width];
    if (y < near) sides[0][x] = 1;
    if (y >= height - near) sides[1][x] = 1;
    if (x < near) sides[2][y] = 1;
    if (x >= width - near) sides[3][y] = 1;
  }
  return sides;
}

/** Does it leave the corners and most of the border free? Strokes that reach only some sides do, a shadow does not. @param {Mask} found */
function isInside(found) {
  const { height, width, pixels } = found;
  const corners = [0, width - 1, (height - 1) * width, height * width - 1];
  return corners.every((i) => !pixels[i]) && mean(ring(found)) < AT_BORDER;
}

/**
 * The share of the picture that is neither as one half's middle nor as the other's; 1 if one half is nowhere whole. Next
 * to nothing where there are two materials, ink and paper; under light and shade there are three and more. Pixels near
 * the border of the two are blur and are not asked.
 * @param {Picture} copy
 * @param {Mask} bright
 */
function uneven(copy, bright) {
  const dark = where(bright, (i) => !bright.pixels[i]);
  const sides = [dark, bright].map((other) => {
    const beside = grown(other, BLUR).pixels;
    return copy.pixels.filter((_, i) => !beside[i]);
  });
  if (!sides.every((side) => side.length)) return 1;
  const levels = sides.map(median);
  const most = FAINT * Math.abs(levels[0] - levels[1]);
  const away = sides.map((side, i) => side.filter((v) => Math.abs(v - levels[i]) > most).length);
  return (away[0] + away[1]) / copy.pixels.length;
}

/** Above the threshold that parts the values best into two groups (Otsu, IEEE Trans. SMC 9, 1979). @param {Plane} plane @returns {Mask} */
export function brighter(plane) {
  const values = plane.pixels;
  const low = least(values);
  const high = greatest(values) + 1e-9;
  const step = (high - low) / BINS;
  const edges = Float64Array.from({ length: BINS + 1 }, (_, i) => i * step + low);
  edges[BINS] = high;
  const counts = new Float64Array(BINS);
  for (const value of values) {
    let bin = Math.min(BINS - 1, Math.floor(((value - low) / (high - low)) * BINS));
    if (value < edges[bin]) bin--;
    else if (bin < BINS - 1 && value >= edges[bin + 1]) bin++;
    counts[bin]++;
  }
  const sums = new Float64Array(BINS);
  let sum = 0;
  counts.forEach((count, i) => {
    sum += (count * (edges[i] + edges[i + 1])) / 2;
    sums[i] = sum;
  });
  let [below, best, most] = [0, 0, -1];
  for (let i = 0; i < BINS - 1; i++) {
    below += counts[i];
    const above = values.length - below;
    if (!below || !above) continue;
    const apart = sums[i] / below - (sum - sums[i]) / above;
    const between = below * above * (apart * apart);
    if (between > most) [best, most] = [i, between];
  }
  return where(plane, (i) => values[i] > edges[best + 1]);
}
