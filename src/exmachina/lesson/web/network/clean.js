/**
 * What a photograph or a scan of a page needs before its digit can be cut out, as exmachina/images/clean.py does it:
 * `flatten` removes shadows, uneven light and printed patterns, `isolate` drops specks, ruled lines and other ink. Both
 * follow what paper.js finds on a copy of one size. Ink is bright and paper dark throughout.
 *
 * @typedef {import("./normalize.js").Picture} Picture
 * @typedef {import("./paper.js").Level} Level
 * @typedef {import("./planes.js").Mask} Mask
 * @typedef {import("./planes.js").Box} Box
 */

import { longer, paperLevel, ring } from "./materials.js";
import { ink, judged, minus } from "./paper.js";
import { chosen, groups, grown, include, transposed, where } from "./planes.js";
import { resized } from "./resampling.js";
import { ruledLines } from "./ruled.js";
import { deviation, greatest, least, median, percentile, sample } from "./statistics.js";

export const INK = 32; // of 255, from paper to the strongest ink: fainter pixels are blur around a stroke
export const MIN_CONTRAST = 16; // of 255: less between paper and ink is noise
const UNEVEN = 0.1; // of the way from paper to ink: paper that varies by more is evened out
export const SMALL = 100; // pixels: the longer side of what is no photograph
const NEAR = 4; // times as long as a digit is a picture that is looked at from nearer
const NEARBY = 0.12; // of the digit's longer side: ink closer than this belongs to it
const SPECK = 0.02; // of the digit's ink: less than this, apart from it, is dirt
const REPEATED = 4; // pieces beside the largest and of its size: a pattern
const BESIDE = 0.6; // of the height of the digit that is kept: lower ink beside it is no digit
const MOST_STROKES = 6; // that a straight line through a digit meets, on average; a texture has more

/**
 * Ink and paper of a picture's judged copy; `strokes`: the ink without ruled lines.
 * @typedef {{copy: Picture, mask: Mask, level: Level, strokes: Mask}} Findings
 */

/**
 * The digit alone on even paper; `picture` itself if there is nothing to remove, black if there is no digit. A digit that
 * is small in it is looked at from nearer.
 * @param {Picture} picture
 */
export function clean(picture) {
  const findings = examined(picture);
  if (!findings) return picture;
  const wanted = digit(findings.strokes);
  if (isNone(findings, wanted)) return blank(picture);
  const near = surroundings(wanted, picture);
  if (!near) return alone(picture, findings, wanted);
  const seen = cut(fitted(grown(wanted, 1), picture), near);
  const whole = cut(picture, near);
  const nearer = examined(whole);
  let part = whole;
  if (nearer) {
    const { strokes } = nearer;
    const row = (/** @type {number} */ y) => Math.floor((y * seen.height) / strokes.height);
    const column = (/** @type {number} */ x) => Math.floor((x * seen.width) / strokes.width);
    const inside = where(strokes, (i) => {
      const [y, x] = [Math.floor(i / strokes.width), i % strokes.width];
      return strokes.pixels[i] && seen.pixels[row(y) * seen.width + column(x)];
    });
    part = alone(whole, nearer, digit(inside));
  }
  const page = blank(picture);
  page.pixels.fill(Math.floor(paperLevel(part)));
  for (let y = 0; y < part.height; y++)
    page.pixels.set(
      part.pixels.subarray(y * part.width, (y + 1) * part.width),
      (near.top + y) * picture.width + near.left,
    );
  return page;
}

/** Nothing of a plain picture, in which there is nothing to find out. @param {Picture} picture @returns {Findings | null} */
function examined(picture) {
  if (isPlain(picture)) return null;
  const copy = judged(picture);
  const enlarged = Math.floor(longer(copy) / longer(picture));
  const { mask, level } = ink(copy, Math.max(2, Math.floor(enlarged / 2)));
  const lines = ruledLines(mask).pixels;
  return { copy, mask, level, strokes: where(mask, (i) => mask.pixels[i] && !lines[i]) };
}

/**
 * Where a digit of the judged copy lies in its picture, with as much paper on each side; null of a large one.
 * @param {Mask} wanted
 * @param {Picture} picture
 */
function surroundings(wanted, picture) {
  const box = extent(wanted);
  if (box.bottom === 0 || longer(picture) < SMALL) return null;
  const size = Math.max(box.bottom - box.top, box.right - box.left);
  if (NEAR * size >= longer(wanted)) return null;
  const step = Math.ceil(longer(picture) / longer(wanted));
  return {
    top: Math.max(0, box.top - size) * step,
    bottom: Math.min(picture.height, (box.bottom + size) * step),
    left: Math.max(0, box.left - size) * step,
    right: Math.min(picture.width, (box.right + size) * step),
  };
}

/** The box of all of a mask; past the picture's end if there is none. @param {Mask} mask @returns {Box} */
function extent({ height, width, pixels }) {
  const box = { ...NOWHERE, top: height, left: width };
  pixels.forEach((value, i) => value && include(box, Math.floor(i / width), i % width));
  return box;
}

/** @template {Picture | Mask} P @param {P} plane @param {Omit<Box, "area">} box @returns {P} */
function cut({ pixels, width: whole }, { top, bottom, left, right }) {
  const [height, width] = [bottom - top, right - left];
  const part = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    const start = (top + y) * whole + left;
    part.set(pixels.subarray(start, start + width), y * width);
  }
  return /** @type {P} */ ({ height, width, pixels: part });
}

/** Is what was found too faint for ink, or too often crossed by straight lines for a digit? @param {Findings} findings @param {Mask} wanted */
function isNone(findings, wanted) {
  const beside = grown(findings.mask, 2).pixels;
  const above = minus(findings.copy, findings.level).pixels;
  const noise = deviation(chosen(above, beside, 0));
  const strongest = inkLevel(findings);
  return strongest < MIN_CONTRAST || strongest < 4 * noise || isTexture(wanted);
}

/** How far strong ink is above its paper; 0 of none. @param {Findings} findings */
function inkLevel({ copy, mask, level }) {
  const strong = chosen(minus(copy, level).pixels, mask.pixels);
  return strong.length ? percentile(strong, 75) : 0;
}

/** One digit of a picture that was examined alone on even paper. @param {Picture} picture @param {Findings} findings @param {Mask} wanted */
function alone(picture, findings, wanted) {
  const { copy, mask, level } = findings;
  const middle = median(level.pixels);
  const paper = Float64Array.from(copy.pixels, (value) => value - middle);
  const varies = deviation(chosen(paper, mask.pixels, 0));
  const even = 2 * varies > UNEVEN * inkLevel(findings) ? flatten(picture, mask, level) : picture;
  return isolate(even, mask, wanted);
}

const NOWHERE = { top: 0, left: 0, bottom: 0, right: 0, area: 0 };

/** @param {Picture} picture @returns {Picture} */
const blank = ({ height, width }) => ({ height, width, pixels: new Uint8Array(height * width) });

/** A small drawing: one piece of ink on paper of one level. @param {Picture} picture */
function isPlain(picture) {
  if (longer(picture) >= SMALL) return false;
  const border = ring(picture);
  if (least(border) !== greatest(border)) return false;
  const away = where(picture, (i) => Math.abs(picture.pixels[i] - border[0]) > INK);
  return groups(away, true).boxes.length < 2;
}

/**
 * Ink as a share of the way from the paper around it to full ink, 0 to 255; noise and patterns go to 0.
 * @param {Picture} picture
 * @param {Mask} mask the ink of its judged copy
 * @param {Level} level the paper's there
 * @returns {Picture}
 */
function flatten(picture, mask, level) {
  const { height, width, pixels } = picture;
  const beneath = resized(
    { ...level, pixels: Float32Array.from(level.pixels) },
    height,
    width,
  ).pixels;
  const share = new Float64Array(pixels.length);
  for (let i = 0; i < share.length; i++)
    share[i] = Math.max(pixels[i] - beneath[i], 0) / Math.max(255 - beneath[i], 32);
  const stroke = fitted(mask, picture).pixels;
  const beside = fitted(grown(mask, 2), picture).pixels;
  const paper = sample(chosen(share, beside, 0));
  const floor = paper.length ? median(paper) + 3 * deviation(paper) : 0;
  const strong = chosen(share, stroke);
  const ceiling = percentile(strong, 75);
  if (ceiling <= floor) return blank(picture);
  const even = new Uint8Array(share.length);
  for (let i = 0; i < even.length; i++)
    even[i] = Math.min(1, Math.max(0, (share[i] - floor) / (ceiling - floor))) * 255 + 0.5;
  return { height, width, pixels: even };
}

/**
 * The ink of `wanted` alone; all else becomes paper.
 * @param {Picture} picture
 * @param {Mask} mask the ink of its judged copy
 * @param {Mask} wanted a part of it
 * @returns {Picture}
 */
function isolate(picture, mask, wanted) {
  if (!wanted.pixels.some(Boolean)) return blank(picture);
  const { pixels } = picture;
  const stroke = fitted(mask, picture).pixels;
  const beside = chosen(pixels, stroke, 0);
  const paper = beside.length ? median(beside) : 0;
  const near = grown(wanted, Math.max(4, Math.ceil(longer(mask) / longer(picture)))).pixels;
  const soft = where(mask, (i) => near[i] && (wanted.pixels[i] || !mask.pixels[i])); // with its strokes' edges
  const keep = fitted(soft, picture).pixels;
  const faintest = paper + (greatest(pixels) - paper) * (INK / 255);
  if (!pixels.some((value, i) => value > faintest && !keep[i])) return picture;
  return { ...picture, pixels: pixels.map((value, i) => (keep[i] ? value : Math.floor(paper))) };
}

/** A mask of the judged copy at the picture's own size; of several pixels that become one, any. @param {Mask} mask @param {Picture} picture */
function fitted(mask, { height, width }) {
  const step = Math.ceil(Math.max(height, width) / longer(mask));
  const factor = Math.floor(longer(mask) / Math.max(height, width));
  const result = where({ height, width }, () => false);
  if (factor > 1) {
    mask.pixels.forEach((value, i) => {
      const [y, x] = [Math.floor(i / mask.width), i % mask.width];
      if (value) result.pixels[Math.floor(y / factor) * width + Math.floor(x / factor)] = 1;
    });
    return result;
  }
  for (let y = 0, i = 0; y < height; y++) {
    const line = Math.floor(y / step) * mask.width;
    for (let x = 0; x < width; x++, i++)
      result.pixels[i] = mask.pixels[line + Math.floor(x / step)];
  }
  return result;
}

/** Is it met more often by straight lines than the strokes of a digit are? @param {Mask} wanted */
function isTexture(wanted) {
  return [wanted, transposed(wanted)].some(({ width, pixels }) => {
    let [occupied, begins] = [0, 0];
    for (let start = 0; start < pixels.length; start += width) {
      const line = pixels.subarray(start, start + width);
      if (line.some(Boolean)) occupied++;
      begins += line.filter((value, x) => value && !line[x - 1]).length;
    }
    return occupied > 0 && begins / occupied > MOST_STROKES;
  });
}

/** Ink that lies no further apart than two pixels, together: labels and the ink's own boxes. @param {Mask} ink */
function inkGroups(ink) {
  const { labels, boxes: joined } = groups(grown(ink, 1), false);
  const boxes = joined.map(() => ({ ...NOWHERE, top: ink.height, left: ink.width }));
  ink.pixels.forEach(
    (value, i) => value && include(boxes[labels[i] - 1], Math.floor(i / ink.width), i % ink.width),
  );
  return { labels, boxes };
}

const tall = (/** @type {Box} */ box) => box.bottom - box.top;
const wide = (/** @type {Box} */ box) => box.right - box.left;
const atEdge = (/** @type {Box} */ box, /** @type {Mask} */ { height, width }) =>
  box.top === 0 || box.left === 0 || box.bottom === height || box.right === width;

/** The largest group of ink that looks like a digit, with the pieces near it; nothing of a pattern. @param {Mask} ink @returns {Mask} */
function digit(ink) {
  if (groups(ink, true).boxes.length < 2) return ink;
  const { labels, boxes } = inkGroups(ink);
  // A table's edge, a finger or the neighbouring word reaches the border; a lone dash is no digit.
  const score = (/** @type {Box} */ box) =>
    box.area * (atEdge(box, ink) ? 0.2 : 1) * (tall(box) * 8 < wide(box) ? 0.2 : 1);
  const main = boxes.reduce((best, box) => (score(box) > score(best) ? box : best));
  const isAlike = (/** @type {Box} */ box) =>
    [tall, wide].every((side) => 5 * Math.abs(side(box) - side(main)) <= side(main));
  if (boxes.filter(isAlike).length > REPEATED) return where(ink, () => false);
  const reach = NEARBY * Math.max(tall(main), wide(main));
  const kept = boxes.map(
    (box) =>
      box.area >= SPECK * main.area &&
      gap(box, main) <= reach &&
      (!atEdge(box, ink) || atEdge(main, ink)),
  );
  return where(ink, (i) => ink.pixels[i] && kept[labels[i] - 1]);
}

/** How many other pieces of ink are there, as large as the digit that `clean` keeps and no printed line? @param {Picture} picture */
export function digitsBeside(picture) {
  const strokes = examined(picture)?.strokes;
  if (!strokes) return 0;
  const { boxes } = inkGroups(strokes);
  if (!boxes.length) return 0;
  const main = boxes.reduce((best, box) => (box.area > best.area ? box : best));
  if (atEdge(main, strokes)) return 0; // a tight cut; what is beside its digit is dirt or pattern
  const height = tall(main);
  return boxes.filter(
    (box) =>
      box !== main &&
      !atEdge(box, strokes) &&
      tall(box) >= BESIDE * height &&
      tall(box) <= height / BESIDE &&
      box.area >= (BESIDE / 2) * main.area &&
      gap(box, main) > 0,
  ).length;
}

/** Pixels between two boxes; 0 if they overlap. @param {Box} a @param {Box} b */
const gap = (a, b) =>
  Math.max(0, a.top - b.bottom, b.top - a.bottom, a.left - b.right, b.left - a.right);
