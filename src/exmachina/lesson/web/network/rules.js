/**
 * A picture without the printed lines of squared and ruled paper. What a line takes of its paper's light it takes of the
 * ink on it too, and gives back when it is divided out: exmachina/images/rules/dividing.py.
 *
 * @typedef {import("./normalize.js").Picture} Picture
 * @typedef {import("./lines.js").Line} Line
 */

import { SMALL } from "./clean.js";
import { darkness, edgesOf, levelOf, linesOf, parabola } from "./lines.js";
import { longer, ring } from "./materials.js";
import { judged } from "./paper.js";
import { greatest, least, median } from "./statistics.js";

const FEWEST = 3; // lines; one or two are divided out only if they are less dark than ink, and in so many of their strips
const ALONE = 0.6; // straight and even
const PAPER = 0.4; // of a line at least is beside the digit
const [SPREAD, MARGIN] = [1, 6]; // a line may be darker here and there: by what it may be less dark, and of 255
const DARKEST = 0.05; // of the paper's light: with less there is no telling what is on a line
const INKED = 1 / 4; // times as dark as the lines is ink
const BESIDE = 1 / 8; // of all ink at least is beside the lines where there is a digit; else it is what is left of them

/** A picture without the lines of squared or ruled paper; `picture` itself if there are none. @param {Picture} picture */
export function unruled(picture) {
  const border = ring(picture);
  if (longer(picture) < SMALL || least(border) === greatest(border)) return picture;
  const copy = judged(picture);
  for (const dark of [true, false]) {
    const bright = dark ? inverted(copy) : copy;
    const turned = transposed(bright);
    const [across, down] = [linesOf(bright), linesOf(turned)];
    const lines = [...across, ...down];
    const lone =
      dark && lines.length > 0 && lines.every((line) => line.isLight && line.steady >= ALONE);
    if (!lone && lines.length < FEWEST) continue;
    const rows = divided(dark ? inverted(picture) : picture, bright, across);
    const result = transposed(divided(transposed(rows), turned, down));
    if (isBare(judged(result), across, down))
      return { ...picture, pixels: picture.pixels.map(() => (dark ? 255 : 0)) };
    return dark ? inverted(result) : result;
  }
  return picture;
}

/** @param {Picture} picture @returns {Picture} */
const inverted = (picture) => ({ ...picture, pixels: picture.pixels.map((value) => 255 - value) });

/** @param {Picture} picture @returns {Picture} */
function transposed({ height, width, pixels }) {
  const turned = pixels.slice();
  for (let i = 0; i < turned.length; i++)
    turned[i] = pixels[(i % height) * width + Math.floor(i / height)];
  return { height: width, width: height, pixels: turned };
}

/** Is all that is inked on the judged copy of a picture without these lines what is left of them? @param {Picture} copy @param {Line[]} across @param {Line[]} down */
function isBare(copy, across, down) {
  const { height, width } = copy;
  const least = INKED * median(Float64Array.from([...across, ...down], (line) => line.dark));
  const dark = darkness(copy);
  const [rows, columns] = [rowsAlong(across, width), rowsAlong(down, height)];
  let [ink, beside] = [0, 0];
  for (let i = 0; i < dark.length; i++) {
    if (dark[i] < least) continue;
    const [y, x] = [Math.floor(i / width), i % width];
    ink++;
    if (!isNear(rows, x, y) && !isNear(columns, y, x)) beside++;
  }
  return beside < BESIDE * ink;
}

/** @param {Line[]} lines @param {number} width */
function rowsAlong(lines, width) {
  const t = Float64Array.from({ length: width }, (_, x) => (x + 0.5) / width - 0.5);
  return lines.map(({ row: [a, b, c], width: wide }) => ({
    path: t.map((one) => a + b * one + c * one * one),
    reach: wide / 2 + 1.5,
  }));
}

/** @param {{path: Float64Array, reach: number}[]} lines @param {number} along @param {number} across */
const isNear = (lines, along, across) =>
  lines.some(({ path, reach }) => Math.abs(across - path[along]) <= reach);

/**
 * A picture without lines of its judged copy. Ink and lines are bright.
 * @param {Picture} picture
 * @param {Picture} copy
 * @param {Line[]} lines
 * @returns {Picture}
 */
function divided(picture, copy, lines) {
  const { height, width, pixels: before } = picture;
  const step = Math.ceil(longer(picture) / longer(copy));
  const t = Float64Array.from({ length: width }, (_, x) => (x + 0.5) / (step * copy.width) - 0.5);
  const level = levelOf(copy, longer(copy));
  const pixels = before.slice();
  for (const line of lines) {
    const [a, b, c] = line.row;
    const path = t.map((one) => (a + b * one + c * one * one + 0.5) * step - 0.5);
    const reach = Math.floor((line.width / 2 + 1.5) * step) + 3;
    const band = bandAlong(picture, copy, level, path, reach);
    const [d, e, f] = refined(band, path, t);
    for (let x = 0; x < width; x++) path[x] += d + e * t[x] + f * t[x] * t[x];
    const { knots, values } = profileOf(band, path);
    if (!knots.length) continue;
    const [low, high] = extent(knots, values);
    const beside = (/** @type {number} */ row, /** @type {number} */ x) =>
      row < 0 || row >= height ? band.papers[x] : before[row * width + x];
    band.rows.forEach((row, i) => {
      const x = i % width;
      const distance = row - path[x];
      if (row < 0 || row >= height || distance <= low || distance >= high) return;
      const dark = (interpolated(distance, knots, values) + MARGIN) / 255;
      const clear = 255 - (255 - before[row * width + x]) / Math.max(1 - dark, DARKEST);
      const ends = [beside(Math.floor(path[x] + low), x), beside(Math.ceil(path[x] + high), x)];
      const cleared = Math.floor(Math.min(255, Math.max(0, clear, Math.min(...ends))) + 0.5);
      pixels[row * width + x] = Math.min(pixels[row * width + x], cleared);
    });
  }
  return { height, width, pixels };
}

/** @typedef {{height: number, width: number, rows: Int32Array, dark: Float64Array, papers: Uint8Array}} Band  rows of pixels along a line, each column's own, and how dark they are */

/** @param {Picture} picture @param {Picture} copy @param {ArrayLike<number>} level @param {Float64Array} path @param {number} reach @returns {Band} */
function bandAlong({ height, width, pixels }, copy, level, path, reach) {
  const step = Math.ceil(Math.max(height, width) / longer(copy));
  const rows = new Int32Array((2 * reach + 1) * width);
  const dark = new Float64Array(rows.length);
  const papers = new Uint8Array(width);
  for (let x = 0; x < width; x++) {
    const top = Math.floor(path[x] + 0.5) - reach;
    const at = (/** @type {number} */ k) => Math.min(height - 1, Math.max(0, top + k));
    let paper = 255;
    for (let k = 0; k <= 2 * reach; k++)
      paper = Math.min(paper, level[Math.floor(at(k) / step) * copy.width + Math.floor(x / step)]);
    papers[x] = paper;
    for (let k = 0; k <= 2 * reach; k++) {
      rows[k * width + x] = top + k;
      dark[k * width + x] = (255 * (pixels[at(k) * width + x] - paper)) / Math.max(255 - paper, 1);
    }
  }
  return { height, width, rows, dark, papers };
}

/** How a line lies to where the copy has it. @param {Band} band @param {Float64Array} path @param {Float64Array} t */
function refined({ height, width, rows, dark }, path, t) {
  const edges = edgesOf(width);
  const most = greatest(dark);
  const strips = edges.slice(1).map((to, s) => {
    let [mass, moment, whole] = [0, 0, true];
    for (let x = edges[s]; x < to; x++) {
      const isInside = (/** @type {number} */ i) => rows[i] >= 0 && rows[i] < height;
      const valueAt = (/** @type {number} */ i) => (isInside(i) ? dark[i] : most);
      let base = Infinity;
      for (let i = x; i < rows.length; i += width) base = Math.min(base, valueAt(i));
      for (let i = x; i < rows.length; i += width) {
        mass += valueAt(i) - base;
        moment += (valueAt(i) - base) * (rows[i] - path[x]);
        whole &&= isInside(i);
      }
    }
    const count = to - edges[s];
    return { mass: mass / count, middle: moment / count / Math.max(mass / count, 1), whole };
  });
  const places = strips.map((_, s) => t[(edges[s] + edges[s + 1]) >> 1]);
  return parabola(strips, places).row;
}

/** How dark a line is at distances from its middle, half a pixel apart, as long as there is enough of it. @param {Band} band @param {Float64Array} path */
function profileOf({ height, width, rows, dark }, path) {
  /** @type {Map<number, {sum: number, values: number[]}>} */
  const bins = new Map();
  const counts = new Int32Array(rows.length / width);
  rows.forEach((row, i) => {
    if (row < 0 || row >= height) return;
    const distance = row - path[i % width];
    const number = Math.floor(2 * distance + 0.5);
    const bin = bins.get(number) ?? { sum: 0, values: [] };
    bins.set(number, bin);
    bin.sum += distance;
    bin.values.push(dark[i]);
    counts[Math.floor(i / width)]++;
  });
  const enough = greatest(Float64Array.from(counts)) / 8;
  const some = [...bins.entries()]
    .filter(([, { values }]) => values.length >= enough)
    .sort(([a], [b]) => a - b)
    .map(([, { sum, values }]) => {
      const sorted = Float64Array.from(values).sort();
      const usual = sorted[Math.floor(PAPER * values.length)];
      const value = usual + SPREAD * (usual - sorted[Math.floor(values.length / 10)]);
      return { knot: sum / values.length, value };
    });
  return { knots: some.map(({ knot }) => knot), values: some.map(({ value }) => value) };
}

/** From where to where a line is dark. @param {number[]} knots @param {number[]} values */
function extent(knots, values) {
  const start = knots.reduce(
    (best, knot, i) => (Math.abs(knot) < Math.abs(knots[best]) ? i : best),
    0,
  );
  const fewest = Math.max(0.08 * Math.max(...values.slice(Math.max(start - 1, 0), start + 2)), 3);
  let [low, high] = [start, start];
  while (low > 0 && values[low] > fewest) low--;
  while (high < knots.length - 1 && values[high] > fewest) high++;
  const [before, after] = [low, high].map((i) => (values[i] > fewest ? 1 : 0)); // at the picture's border it goes on
  return [knots[low] - before, knots[high] + after];
}

/** What `numpy.interp` says. @param {number} x @param {number[]} knots @param {number[]} values */
function interpolated(x, knots, values) {
  const last = knots.length - 1;
  if (x <= knots[0]) return values[0];
  if (x >= knots[last]) return values[last];
  let i = 0;
  while (knots[i + 1] <= x) i++;
  return ((values[i + 1] - values[i]) / (knots[i + 1] - knots[i])) * (x - knots[i]) + values[i];
}
