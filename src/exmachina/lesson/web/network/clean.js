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

import { longer, ring } from "./materials.js";
import { ink, judged, minus } from "./paper.js";
import { dilated, groups, grown, include, opening, transposed, where } from "./planes.js";
import { resized } from "./resampling.js";
import { deviation, greatest, least, median, percentile, sample } from "./statistics.js";

export const INK = 32; // of 255, from paper to the strongest ink: fainter pixels are blur around a stroke
export const MIN_CONTRAST = 16; // of 255: less between paper and ink is noise
const UNEVEN = 0.1; // of the way from paper to ink: paper that varies by more is evened out
const NEARBY = 0.12; // of the digit's longer side: ink closer than this belongs to it
const SPECK = 0.02; // of the digit's ink: less than this, apart from it, is dirt
const REPEATED = 4; // pieces beside the largest and of its size: a pattern
const ALIKE = 0.6; // of the height of the digit that is kept: lower ink beside it is no digit
const MOST_STROKES = 6; // that a straight line through a digit meets, on average; a texture has more

/** The digit alone on even paper; `picture` itself if there is nothing to remove, black if there is no digit. @param {Picture} picture */
export function clean(picture) {
  if (isPlain(picture)) return picture;
  const copy = judged(picture);
  const enlarged = Math.floor(longer(copy) / longer(picture));
  const { found, level } = ink(copy, Math.max(2, Math.floor(enlarged / 2)));
  const lines = ruledLines(found).pixels;
  const wanted = digit(where(found, (i) => found.pixels[i] && !lines[i]));
  const above = minus(copy, level).pixels;
  const isInk = (/** @type {unknown} */ _, /** @type {number} */ i) => found.pixels[i] === 1;
  const isPaper = (/** @type {unknown} */ _, /** @type {number} */ i) => found.pixels[i] === 0;
  const strong = above.filter(isInk);
  const strongest = strong.length ? percentile(strong, 75) : 0;
  const beside = grown(found, 2).pixels;
  const noise = deviation(above.filter((_, i) => !beside[i]));
  if (strongest < MIN_CONTRAST || strongest < 4 * noise || isTexture(wanted)) return blank(picture);
  const middle = median(level.pixels);
  const varies = deviation(
    Float64Array.from(copy.pixels, (value) => value - middle).filter(isPaper),
  );
  const even = 2 * varies > UNEVEN * strongest ? flatten(picture, found, level) : picture;
  return isolate(even, found, wanted);
}

/** @param {Picture} picture @returns {Picture} */
const blank = ({ height, width }) => ({ height, width, pixels: new Uint8Array(height * width) });

/** A small drawing: one piece of ink on paper of one level. @param {Picture} picture */
function isPlain(picture) {
  if (longer(picture) >= 100) return false;
  const border = ring(picture);
  if (least(border) !== greatest(border)) return false;
  const away = where(picture, (i) => Math.abs(picture.pixels[i] - border[0]) > INK);
  return groups(away, true).boxes.length < 2;
}

/**
 * Ink as a share of the way from the paper around it to full ink, 0 to 255; noise and patterns go to 0.
 * @param {Picture} picture
 * @param {Mask} found the ink of its judged copy
 * @param {Level} level the paper's there
 * @returns {Picture}
 */
function flatten(picture, found, level) {
  const { height, width, pixels } = picture;
  const beneath = resized(
    { ...level, pixels: Float32Array.from(level.pixels) },
    height,
    width,
  ).pixels;
  const share = new Float64Array(pixels.length);
  for (let i = 0; i < share.length; i++)
    share[i] = Math.max(pixels[i] - beneath[i], 0) / Math.max(255 - beneath[i], 32);
  const stroke = fitted(found, picture).pixels;
  const beside = fitted(grown(found, 2), picture).pixels;
  const paper = sample(share.filter((_, i) => !beside[i]));
  const floor = paper.length ? median(paper) + 3 * deviation(paper) : 0;
  const strong = share.filter((_, i) => stroke[i]);
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
 * @param {Mask} found the ink of its judged copy
 * @param {Mask} wanted a part of it
 * @returns {Picture}
 */
function isolate(picture, found, wanted) {
  if (!wanted.pixels.some(Boolean)) return blank(picture);
  const { pixels } = picture;
  const stroke = fitted(found, picture).pixels;
  const beside = pixels.filter((_, i) => !stroke[i]);
  const paper = beside.length ? median(beside) : 0;
  const near = grown(wanted, Math.max(4, Math.ceil(longer(found) / longer(picture)))).pixels;
  const soft = where(found, (i) => near[i] && (wanted.pixels[i] || !found.pixels[i])); // with its strokes' edges
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

/**
 * Thin lines from one edge of the page to the other, spared where a stroke crosses them. Fewer than four may be the
 * strokes of a digit cut tightly: they count only if nothing else spans the page across them, and there is something else.
 * @param {Mask} ink
 */
function ruledLines(ink) {
  const turned = transposed(ink);
  const [across, down] = [horizontalLines(ink), horizontalLines(turned)];
  if (across.count + down.count < 4) {
    for (const [lines, page] of /** @type {const} */ ([
      [across.lines, ink],
      [down.lines, turned],
    ])) {
      const rest = page.pixels.map((value, i) => (value && !lines.pixels[i] ? 1 : 0));
      const edge = 2 * page.width;
      if (
        (rest.subarray(0, edge).some(Boolean) && rest.subarray(-edge).some(Boolean)) ||
        !rest.some(Boolean)
      )
        lines.pixels.fill(0);
    }
  }
  const other = transposed(down.lines).pixels;
  return where(ink, (i) => across.lines.pixels[i] || other[i]);
}

/** The ink of thin, roughly horizontal lines that span the whole width, and how many lines. @param {Mask} ink */
function horizontalLines(ink) {
  const { height, width, pixels } = ink;
  const none = { lines: where(ink, () => false), count: 0 };
  const touched = (/** @type {number} */ from, /** @type {number} */ to) =>
    pixels.some((value, i) => value && i % width >= from && i % width < to);
  if (!touched(0, 4) || !touched(width - 4, width)) return none;
  const thickness = Math.max(3, Math.floor(Math.max(height, width) / 40));
  const thick = opening(ink, thickness + 1, true).pixels;
  const thin = where(ink, (i) => pixels[i] && !thick[i]);
  const long = opening(dilated(thin, 5, 1), Math.max(8, Math.floor(width / 8)), false);
  const { labels, boxes } = groups(dilated(long, 3, 2 * Math.floor(width / 12) + 1), false); // joined past strokes
  const whole = boxes.map(({ left, right }) => right - left >= 0.92 * width);
  const count = whole.filter(Boolean).length;
  // With three of them a piece from either edge is a line too, which runs on along a stroke.
  const isLine = boxes.map(
    ({ left, right }, i) => whole[i] || (count >= 3 && (left === 0 || right === width)),
  );
  return { lines: where(ink, (i) => thin.pixels[i] && labels[i] && isLine[labels[i] - 1]), count };
}

/** Ink that lies no further apart than two pixels, together: labels and the ink's own boxes. @param {Mask} ink */
function inkGroups(ink) {
  const { labels, boxes: joined } = groups(grown(ink, 1), false);
  const boxes = joined.map(() => ({
    top: ink.height,
    left: ink.width,
    bottom: 0,
    right: 0,
    area: 0,
  }));
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
  if (isPlain(picture)) return 0;
  const copy = judged(picture);
  const enlarged = Math.floor(longer(copy) / longer(picture));
  const { found } = ink(copy, Math.max(2, Math.floor(enlarged / 2)));
  const lines = ruledLines(found).pixels;
  const strokes = where(found, (i) => found.pixels[i] && !lines[i]);
  const { boxes } = inkGroups(strokes);
  if (!boxes.length) return 0;
  const main = boxes.reduce((best, box) => (box.area > best.area ? box : best));
  if (atEdge(main, strokes)) return 0; // a tight cut; what is beside its digit is dirt or pattern
  const height = tall(main);
  return boxes.filter(
    (box) =>
      box !== main &&
      !atEdge(box, strokes) &&
      tall(box) >= ALIKE * height &&
      tall(box) <= height / ALIKE &&
      box.area >= (ALIKE / 2) * main.area &&
      gap(box, main) > 0,
  ).length;
}

/** Pixels between two boxes; 0 if they overlap. @param {Box} a @param {Box} b */
const gap = (a, b) =>
  Math.max(0, a.top - b.bottom, b.top - a.bottom, a.left - b.right, b.left - a.right);
