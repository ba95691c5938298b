/**
 * What a photograph of a page needs before its digit can be cut out, as exmachina/clean.py does it: `flatten` removes
 * shadows and uneven light, `isolate` drops specks, ruled lines and other ink. Ink is bright and paper dark throughout.
 *
 * @typedef {import("./normalize.js").Picture} Picture
 * @typedef {import("./planes.js").Mask} Mask
 * @typedef {import("./planes.js").Box} Box
 */

import { INK } from "./normalize.js";
import {
  blurred,
  dilated,
  enlarged,
  extended,
  greyOpening,
  groups,
  include,
  median3,
  opening,
  small,
  transposed,
  trimmed,
  where,
} from "./planes.js";
import { greatest, least, median, noise, percentile, sortedCopy } from "./statistics.js";

const SMALLEST_PAGE = 100; // pixels; a smaller picture is a digit that somebody has already cut out
const SMALL_SIDE = 200; // longer side of the copy that is judged
export const MIN_CONTRAST = 16; // of 255: less between paper and ink is noise
const NEARBY = 0.12; // of the digit's longer side: ink closer than this belongs to it
const SPECK = 0.02; // of the digit's ink: less than this, apart from it, is dirt

/** The digit alone on even paper; `picture` itself if there is nothing to remove. @param {Picture} picture */
export function clean(picture) {
  if (Math.max(picture.height, picture.width) < SMALLEST_PAGE) return picture;
  return isolate(isUneven(picture) ? flatten(picture) : picture);
}

/** The pixels along the border, which are paper in all but the tightest cuts. @param {Picture} picture */
export function ring({ height, width, pixels }) {
  const by = Math.max(1, Math.floor(Math.min(height, width) / 32));
  return pixels.filter((_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    return y < by || y >= height - by || x < by || x >= width - by;
  });
}

/** Does the border vary, as paper under a lamp does, by more than a stroke or two crossing it would? @param {Picture} picture */
export function isUneven(picture) {
  const copy = small(picture, 128);
  if (
    Math.max(picture.height, picture.width) < SMALLEST_PAGE ||
    Math.min(copy.height, copy.width) < 8
  )
    return false;
  const border = sortedCopy(ring(copy));
  const [low, high] = [
    border[Math.floor(border.length / 10)],
    border[border.length - Math.ceil(border.length / 10)],
  ];
  const span = greatest(copy.pixels) - least(copy.pixels);
  // A border that takes in nearly all of the span is a tight cut, with ink along it.
  return span >= MIN_CONTRAST && (high - low) / span > 0.1 && (high - low) / span < 0.8;
}

/**
 * Ink as a share of the way from the paper around it to full ink, 0 to 255; noise goes to 0. The paper's level
 * everywhere is what is left when everything narrower than a sixth of the picture, as strokes are, is taken away.
 * @param {Picture} picture
 * @returns {Picture}
 */
export function flatten(picture) {
  const copy = small(picture, SMALL_SIDE);
  const window = Math.max(3, Math.floor(Math.max(copy.height, copy.width) / 6));
  const paper = blurred(trimmed(greyOpening(extended(median3(copy), window), window), window), 1.5);
  const level = enlarged(paper, picture.height, picture.width).pixels;
  const share = Float32Array.from(
    picture.pixels,
    (value, i) => Math.max(value - level[i], 0) / Math.max(255 - level[i], 32),
  );
  const [middle, deviation] = noise(share);
  const floor = middle + 3 * deviation;
  const least = Math.max(floor, 0.4 * percentile(share, 99.95));
  const strong = share.filter((value) => value > least);
  const ceiling = strong.length ? percentile(strong, 75) : 1;
  if ((ceiling - middle) * 255 < MIN_CONTRAST || ceiling < middle + 6 * deviation)
    return { ...picture, pixels: new Uint8Array(share.length) };
  return {
    ...picture,
    pixels: Uint8Array.from(share, (value) =>
      Math.floor(Math.min(1, Math.max(0, (value - floor) / (ceiling - floor))) * 255 + 0.5),
    ),
  };
}

/** The largest group of ink and the strokes near it; everything else becomes paper. @param {Picture} picture @returns {Picture} */
export function isolate(picture) {
  const { height, width, pixels } = picture;
  const paper = median(ring(picture));
  const [middle, deviation] = noise(pixels);
  const span = greatest(pixels) - paper;
  const step = Math.ceil(Math.max(height, width) / SMALL_SIDE);
  const faintest = Math.min(
    255,
    Math.max(paper + 0.3 * span, middle + 5 * deviation, paper + MIN_CONTRAST),
  );
  const ink = small(
    { height, width, pixels: pixels.map((value) => (value > faintest ? 255 : 0)) },
    SMALL_SIDE,
  );
  const trace = where(ink, (i) => ink.pixels[i] > Math.floor(128 / step)); // more than a trace
  if (!trace.pixels.some(Boolean)) return { height, width, pixels: new Uint8Array(pixels.length) };
  const lines = ruledLines(trace).pixels;
  const wanted = digit(where(trace, (i) => trace.pixels[i] && !lines[i]));
  const grown = dilated(wanted, 9, 9).pixels;
  const keep = where(trace, (i) => grown[i] && (wanted.pixels[i] || !trace.pixels[i])); // with the soft edges of its strokes
  const kept = (/** @type {number} */ i) =>
    keep.pixels[
      Math.floor(Math.floor(i / width) / step) * keep.width + Math.floor((i % width) / step)
    ];
  if (!pixels.some((value, i) => value > paper + span * (INK / 255) && !kept(i))) return picture;
  return { height, width, pixels: pixels.map((value, i) => (kept(i) ? value : Math.floor(paper))) };
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

/** The largest group of ink that looks like a digit, with the pieces near it. @param {Mask} ink @returns {Mask} */
function digit(ink) {
  if (groups(ink, true).boxes.length < 2) return ink;
  const { labels, boxes: joined } = groups(dilated(ink, 3, 3), false);
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
  const tall = (/** @type {Box} */ box) => box.bottom - box.top;
  const wide = (/** @type {Box} */ box) => box.right - box.left;
  const atEdge = (/** @type {Box} */ box) =>
    box.top === 0 || box.left === 0 || box.bottom === ink.height || box.right === ink.width;
  // A table's edge, a finger or the neighbouring word reaches the border; a lone dash is no digit.
  const score = (/** @type {Box} */ box) =>
    box.area * (atEdge(box) ? 0.2 : 1) * (tall(box) * 8 < wide(box) ? 0.2 : 1);
  const main = boxes.reduce((best, box) => (score(box) > score(best) ? box : best));
  const reach = NEARBY * Math.max(tall(main), wide(main));
  const kept = boxes.map(
    (box) =>
      box.area >= SPECK * main.area && gap(box, main) <= reach && (!atEdge(box) || atEdge(main)),
  );
  return where(ink, (i) => ink.pixels[i] && kept[labels[i] - 1]);
}

/** Pixels between two boxes; 0 if they overlap. @param {Box} a @param {Box} b */
const gap = (a, b) =>
  Math.max(0, a.top - b.bottom, b.top - a.bottom, a.left - b.right, b.left - a.right);
