/**
 * The printed lines of squared and ruled paper, found where they run beside the digit: exmachina/images/rules/lines.py.
 * (What is left of them in the ink, ruled.js looks for.)
 *
 * @typedef {import("./normalize.js").Picture} Picture
 * @typedef {[number, number, number]} Parabola
 * @typedef {{row: Parabola, width: number, dark: number, isLight: boolean, steady: number}} Line
 *   `row[0] + row[1] t + row[2] t²` is its row where t, from -1/2 to 1/2 along the picture
 * @typedef {{height: number, width: number, pixels: Int32Array}} Strips  how dark each row is in each strip
 */

import { longer } from "./materials.js";
import { solved } from "./paper.js";
import { columnsOpened } from "./planes.js";
import { median } from "./statistics.js";

const STRIPS = 24; // that a picture is cut into; what is dark at the same place of one after the other is a line
const WIDEST = 1 / 4; // of the longer side: what is longer across a line's direction is paper
const STEEP = 0.16; // of its length that a line rises, at most
const FAINTEST = 5; // of 255, of its paper's light: less is no line
const SEEN = 0.75; // of the strips that a line, or ink on it, is in
const BEND = 0.2; // of their distance: how far the rises of two lines may differ
const STEADY = 1 / 3; // of its strips: in so many a line is straight and even
const [STRAIGHT, EVEN] = [0.15, 0.15]; // pixels, and of its ink: how far it strays there
const APART = 0.45; // of the distance between lines: they are no wider
const LIGHTER = 0.8; // of the ink: so dark are lines that are no strokes
const STEPS = 1024; // in a pixel: so that every language says the same

/** The paper's: what is left in each column when all that is bright and shorter than a window is gone. @param {Picture} copy @param {number} long */
export const levelOf = (copy, long) => columnsOpened(copy, Math.floor(WIDEST * long)).pixels;

/** How much of its paper's light each pixel lacks, of 255; dark is bright here. @param {Picture} copy */
export const darkness = (copy) =>
  Int32Array.from(levelOf(copy, longer(copy)), (paper, i) =>
    Math.floor((255 * (copy.pixels[i] - paper)) / Math.max(255 - paper, 64)),
  );

/** The printed lines of a judged copy that run across it; they are bright. @param {Picture} copy @returns {Line[]} */
export function linesOf(copy) {
  const { height, width } = copy;
  if (Math.min(height, width) < 2 * STRIPS) return [];
  const edges = edgesOf(width);
  if (!reachesBothSides(copy, edges)) return []; // most pictures end here
  const dark = darkness(copy);
  const strips = stripsOf(dark, height, edges);
  const ends = candidates(strips, width);
  if (!ends.length) return [];
  const ink = dark.sort()[Math.floor(0.99 * dark.length)];
  const t = middles(edges);
  const lines = ends.map(([left, right]) => lineFrom(strips, t, left, right, ink));
  const sure = lines.filter((line) => line.steady >= STEADY);
  if (!sure.length) return [];
  const printed = sure.length > 1 ? lines.filter((line) => line.dark > 0) : sure;
  const most = Math.max(...printed.map((line) => line.dark));
  const usual = median(Float64Array.from(printed, (line) => line.width));
  const some = printed.filter((line) => 4 * line.dark >= most && line.width <= 2 * usual + 1);
  const rows = Float64Array.from(some, (line) => line.row[0]).sort();
  const apart = rows.subarray(1).map((row, i) => row - rows[i]);
  return apart.length && usual > APART * median(apart) ? [] : some;
}

/** @param {number} width */
export const edgesOf = (width) =>
  Array.from({ length: STRIPS + 1 }, (_, i) => Math.floor((i * width) / STRIPS));

/** @param {number[]} edges */
const middles = (edges) =>
  edges.slice(1).map((edge, s) => (edge + edges[s]) / (2 * edges[STRIPS]) - 0.5);

/** Is anything as narrow as a line in the first two strips, and in the last two? @param {Picture} copy @param {number[]} edges */
function reachesBothSides({ height, width, pixels }, edges) {
  const parts = [
    [0, edges[2]],
    [edges[STRIPS - 2], width],
  ];
  return parts.every(([from, to]) => {
    const side = new Uint8Array(height);
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (let x = from; x < to; x++) sum += pixels[y * width + x];
      side[y] = sum / (to - from);
    }
    const long = Math.floor(Math.max(height, width) / 3);
    const level = levelOf({ height, width: 1, pixels: side }, long);
    return side.some((value, y) => value - level[y] >= FAINTEST);
  });
}

/** How dark each row is in each strip, above what most of the strip is. @param {Int32Array} dark @param {number} height @param {number[]} edges @returns {Strips} */
function stripsOf(dark, height, edges) {
  const pixels = new Int32Array(height * STRIPS);
  for (let s = 0; s < STRIPS; s++) {
    const column = new Int32Array(height);
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (let x = edges[s]; x < edges[s + 1]; x++) sum += dark[y * edges[STRIPS] + x];
      column[y] = Math.floor(sum / (edges[s + 1] - edges[s]));
    }
    const paper = column.slice().sort()[height >> 2];
    for (let y = 0; y < height; y++) pixels[y * STRIPS + s] = column[y] - paper;
  }
  return { height, width: STRIPS, pixels };
}

/**
 * The rows, at the left and at the right, of what is dark all the way, and of what leaves through another side.
 * @param {Strips} strips
 * @param {number} width
 */
function candidates({ height, pixels }, width) {
  const end = (/** @type {number} */ s) =>
    Int32Array.from(
      { length: height },
      (_, y) => pixels[y * STRIPS + s] + pixels[y * STRIPS + s + 1],
    );
  const ends = [end(0), end(STRIPS - 2)];
  const [left, right] = ends.map(peaks);
  const pairs = left
    .flatMap((l) => right.map((r) => /** @type {[number, number]} */ ([l, r])))
    .filter(([l, r]) => Math.abs(l - r) <= STEEP * width)
    .map((pair) => ({
      pair,
      ...seen(pixels, height, pair, Math.min(ends[0][pair[0]], ends[1][pair[1]]) >> 1),
    }))
    .sort((a, b) => b.total - a.total);
  /** @type {[number, number][]} */
  const lines = [];
  for (const { pair, count } of pairs)
    if (count >= SEEN * STRIPS && isBeside(pair, lines)) lines.push(pair);
  if (lines.length < 2) return lines;
  const rise = (/** @type {0 | 1} */ side, /** @type {number} */ row) => {
    const near = nearest(lines, side, row);
    return near[1] - near[0];
  };
  const down = left.map((row) => /** @type {[number, number]} */ ([row, row + rise(0, row)]));
  const up = right.map((row) => /** @type {[number, number]} */ ([row - rise(1, row), row]));
  const outside = (/** @type {number} */ row) => row < 0 || row >= height;
  return [...lines, ...[...down, ...up].filter(([l, r]) => outside(l) || outside(r))];
}

/** In how many strips something is dark between two ends, and how much of it. @param {Int32Array} strips @param {number} height @param {[number, number]} ends @param {number} dark */
function seen(strips, height, [left, right], dark) {
  let [count, total] = [0, 0];
  for (let s = 0; s < STRIPS; s++) {
    const path = left + (right - left) * ((s - 0.5) / (STRIPS - 2));
    const row = Math.min(height - 1, Math.max(0, Math.floor(path + 0.5)));
    let value = strips[row * STRIPS + s];
    value = Math.max(value, row ? strips[(row - 1) * STRIPS + s] : 0);
    value = Math.max(value, row < height - 1 ? strips[(row + 1) * STRIPS + s] : 0);
    if (5 * value >= 2 * dark) count++;
    total += Math.min(value, dark);
  }
  return { count, total };
}

/** Where there is more than around. @param {Int32Array} values */
function peaks(values) {
  const at = (/** @type {number} */ i) => values[i] ?? -1;
  return Array.from(values.keys()).filter(
    (i) =>
      values[i] >= 2 * FAINTEST &&
      values[i] > at(i - 1) &&
      [i - 2, i + 1, i + 2].every((j) => values[i] >= at(j)),
  );
}

/** Does it share no end with one of the lines, and rise as the nearest of them does? @param {[number, number]} pair @param {[number, number][]} lines */
function isBeside(pair, lines) {
  if (!lines.length) return true;
  if (lines.some((line) => line[0] === pair[0] || line[1] === pair[1])) return false;
  const near = nearest(lines, 0, pair[0]);
  const bend = Math.abs(near[1] - near[0] - pair[1] + pair[0]);
  return bend <= 1.5 + BEND * Math.abs(near[0] - pair[0]);
}

/** The line that is nearest to a row on that side. @param {[number, number][]} lines @param {0 | 1} side @param {number} row */
const nearest = (lines, side, row) =>
  lines.reduce((best, line) =>
    Math.abs(line[side] - row) < Math.abs(best[side] - row) ? line : best,
  );

/**
 * The printed line from the first two strips to the last two, and in what share of its strips it is straight and even.
 * @param {Strips} strips
 * @param {number[]} t
 * @param {number} left
 * @param {number} right
 * @param {number} ink how dark it is
 * @returns {Line}
 */
function lineFrom({ height, pixels }, t, left, right, ink) {
  const first = (t[0] + t[1]) / 2;
  const slope = (right - left) / ((t[STRIPS - 2] + t[STRIPS - 1]) / 2 - first);
  const path = t.map((x) => left - slope * first + slope * x);
  const reach = Math.floor(Math.max(height, STRIPS) / 8);
  const rowAt = (/** @type {number} */ k, /** @type {number} */ s) =>
    Math.floor(path[s] + 0.5) + k - reach;
  const isInside = (/** @type {number} */ k, /** @type {number} */ s) =>
    rowAt(k, s) >= 0 && rowAt(k, s) < height;
  const valueAt = (/** @type {number} */ k, /** @type {number} */ s) =>
    isInside(k, s) ? pixels[rowAt(k, s) * STRIPS + s] : 0;
  const every = [...t.keys()];
  const whole = every.filter((s) => isInside(reach, s));
  const profile = Array.from({ length: 2 * reach + 1 }, (_, k) =>
    whole.length ? Int32Array.from(whole, (s) => valueAt(k, s)).sort()[whole.length >> 1] : 0,
  );
  let at = reach - 1;
  for (const k of [reach, reach + 1]) if (profile[k] > profile[at]) at = k;
  let [low, high] = [at, at];
  while (low > 0 && 2 * profile[low - 1] > profile[at]) low--;
  while (high < 2 * reach && 2 * profile[high + 1] > profile[at]) high++;
  const wide = profile.map((_, k) => k).slice(Math.max(0, low - 2), high + 3);
  const middle = every.map((s) => {
    const base = Math.min(...wide.map((k) => valueAt(k, s))); // of a line across it
    let [mass, moment] = [0, 0];
    for (const k of wide) {
      mass += valueAt(k, s) - base;
      moment += (valueAt(k, s) - base) * (rowAt(k, s) - path[s]);
    }
    return { mass, middle: moment / Math.max(mass, 1), whole: wide.every((k) => isInside(k, s)) };
  });
  const { row, even } = parabola(middle, t);
  const steady = even / Math.max(middle.filter((one) => one.whole).length, STRIPS / 2);
  const [a, b, c] = steady >= STEADY ? row : [0, 0, 0];
  return {
    row: [left - slope * first + a, slope + b, c],
    width: high - low + 1,
    dark: profile[at],
    isLight: profile[at] <= LIGHTER * ink,
    steady,
  };
}

/**
 * The parabola nearest to the middles of what is dark in each strip, and how many strips are even and on it.
 * @param {{mass: number, middle: number, whole: boolean}[]} strips
 * @param {number[]} t
 * @returns {{row: Parabola, even: number}}
 */
export function parabola(strips, t) {
  let some = [...strips.keys()].filter((s) => strips[s].whole);
  if (3 * some.length < STRIPS) return { row: [0, 0, 0], even: 0 };
  const usual = Float64Array.from(some, (s) => strips[s].mass).sort()[some.length >> 1];
  some = some.filter((s) => Math.abs(strips[s].mass - usual) <= 0.5 * usual);
  /** @type {Parabola} */
  let row = [0, 0, 0];
  /** @type {number[]} */
  let off = [];
  for (let turn = 0; turn < 2; turn++) {
    const powers = some.map((s) => [1, t[s], t[s] * t[s]]);
    const sum = (/** @type {(k: number) => number} */ of) =>
      powers.reduce((all, _, k) => all + of(k), 0);
    const rows = [1e-3, 1e-3, 0.02].map((more, i) => [
      ...[0, 1, 2].map((j) => sum((k) => powers[k][i] * powers[k][j]) + (i === j ? more : 0)),
      sum((k) => powers[k][i] * strips[some[k]].middle),
    ]);
    const [a, b, c] = solved(rows).map((value) => Math.floor(value * STEPS + 0.5) / STEPS);
    row = [a, b, c];
    off = strips.map(({ middle }, s) => Math.abs(middle - (a + b * t[s] + c * t[s] * t[s])));
    const most = Float64Array.from(some, (s) => off[s]).sort()[some.length >> 1];
    some = some.filter((s) => off[s] <= most);
  }
  const even = strips.filter(
    ({ mass, whole }, s) => whole && off[s] <= STRAIGHT && Math.abs(mass - usual) <= EVEN * usual,
  ).length;
  return { row, even };
}
