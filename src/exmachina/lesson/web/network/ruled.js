/**
 * Printed lines of a page, as exmachina/images/clean.py finds them.
 *
 * @typedef {import("./planes.js").Mask} Mask
 */

import { dilated, groups, opening, transposed, where } from "./planes.js";

/**
 * Thin lines from one edge of the page to the other, spared where a stroke crosses them. Fewer than four may be the
 * strokes of a digit cut tightly: they count only if nothing else spans the page across them, and there is something else.
 * @param {Mask} ink
 */
export function ruledLines(ink) {
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
  const crossed = dilated(thin, 5, thickness); // over the lines that cross it
  const long = opening(crossed, Math.max(8, Math.floor(width / 8)), false);
  const { labels, boxes } = groups(dilated(long, 3, 2 * Math.floor(width / 12) + 1), false); // joined past strokes
  const whole = boxes.map(({ left, right }) => right - left >= 0.92 * width);
  const count = whole.filter(Boolean).length;
  // With three of them a piece from either edge is a line too, which runs on along a stroke.
  const isLine = boxes.map(
    ({ left, right }, i) => whole[i] || (count >= 3 && (left === 0 || right === width)),
  );
  return { lines: where(ink, (i) => thin.pixels[i] && labels[i] && isLine[labels[i] - 1]), count };
}
