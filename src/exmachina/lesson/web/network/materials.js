/**
 * The two materials of a picture, and how one of them lies: what tells a shadow from strokes, with the arithmetic of
 * exmachina/images/paper.py.
 *
 * @typedef {import("./normalize.js").Picture} Picture
 * @typedef {import("./planes.js").Plane} Plane
 * @typedef {import("./planes.js").Mask} Mask
 */

import { chosen, grown, where } from "./planes.js";
import { greatest, least, median } from "./statistics.js";

export const FAINT = 0.3; // of the way from paper to strong ink: less is paper
const WIDEST_STROKE = 0.3; // of the longer side: what holds a square of that size is no ink
const MOST_AROUND = 2 / 3; // of the border: what covers more is no digit
const AT_BORDER = 1 / 4; // of the border: strokes that do not fill their picture cover less
const BLUR = 3; // pixels beside a border of two materials
const WHOLE_SIDE = 0.9; // of a side: what runs along more than two is paper
const BINS = 64;

/** @param {{height: number, width: number}} picture */
export const longer = ({ height, width }) => Math.max(height, width);

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
export const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** Does it hold a square that no stroke could? @param {Mask} material */
export function isWide(material) {
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
 * @param {Mask} mask
 */
export function fills(mask) {
  const { height, width, pixels } = mask;
  const near = Math.floor(longer(mask) / 16);
  const narrow = Math.min(near, Math.floor(Math.min(height, width) / 8));
  const along = sidesOf(mask, narrow).filter((side) => mean(side) > WHOLE_SIDE).length;
  const places = sidesOf(mask, near).map(
    (side) => side.filter((one, i) => one && !side[i - 1]).length,
  );
  const corners = [0, width - 1, (height - 1) * width, height * width - 1];
  const covered = corners.filter((i) => pixels[i]).length;
  const few = Math.min(...places) > 0 && Math.max(...places) <= 3 && covered <= 2 && along <= 2;
  return few && mean(ring(mask)) < MOST_AROUND;
}

/** Where along the four sides it comes as near as `near` pixels. @param {Mask} mask @param {number} near */
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

/** Does it leave the corners and most of the border free? Strokes that reach only some sides do, a shadow does not. @param {Mask} mask */
export function isInside(mask) {
  const { height, width, pixels } = mask;
  const corners = [0, width - 1, (height - 1) * width, height * width - 1];
  return corners.every((i) => !pixels[i]) && mean(ring(mask)) < AT_BORDER;
}

/**
 * The share of the picture that is neither as one half's middle nor as the other's; 1 if one half is nowhere whole. Next
 * to nothing where there are two materials, ink and paper; under light and shade there are three and more. Pixels near
 * the border of the two are blur and are not asked.
 * @param {Picture} copy
 * @param {Mask} bright
 */
export function uneven(copy, bright) {
  const dark = where(bright, (i) => !bright.pixels[i]);
  const sides = [dark, bright].map((other) => {
    const beside = grown(other, BLUR).pixels;
    return chosen(copy.pixels, beside, 0);
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

/** The paper's level in a picture of bright ink: the border's where it is of one, else that of the darker pixels. @param {Picture} picture */
export function paperLevel(picture) {
  const border = ring(picture);
  if (least(border) === greatest(border)) return border[0];
  const bright = brighter(picture).pixels;
  const dark = chosen(picture.pixels, bright, 0);
  return dark.length ? median(dark) : least(picture.pixels);
}
