/**
 * A sheet of paper on a desk, with the arithmetic of exmachina/images/sheet.py: what is around it is neither paper nor
 * ink, and goes before those are told apart.
 *
 * @typedef {import("./normalize.js").Picture} Picture
 * @typedef {import("./planes.js").Mask} Mask
 */

import { cutOut } from "./normalize.js";
import { brighter, longer, ring } from "./materials.js";
import { judged } from "./paper.js";
import { greyClosing } from "./planes.js";
import { greatest, least, median } from "./statistics.js";

const SMALLEST = 100; // pixels: the longer side of what may be a photograph
const WRITING = 10; // times as long as the widest stroke is the picture
const SHEET = [0.08, 0.95]; // of the picture: the least and the most that a sheet lying in it takes up
const FULL = 0.8; // of its box: a sheet that lies aslant leaves corners free
const STRAY = 0.2; // of its box: so much may be bright elsewhere
const APART = 40; // levels between sheet and desk
const INK = 0.4; // of that, at least, are between sheet and ink
const INSETS = [0.02, 0.05, 0.08, 0.12]; // of the box, from each side: the first at which the border is all paper
const WRITTEN = 0.004; // of the sheet, at least, is ink

/** The bright sheet that lies in a picture with a darker desk around it, cut out; `picture` itself if there is none. @param {Picture} picture @returns {Picture} */
export function sheetAlone(picture) {
  const border = ring(picture);
  if (longer(picture) < SMALLEST || least(border) === greatest(border)) return picture;
  const copy = judged(picture);
  const filled = greyClosing(copy, Math.floor(longer(copy) / WRITING) | 1);
  const result = boxOf(filled, brighter(copy));
  if (!result) return picture;
  const { box, apart } = result;
  const ink = within(copy.width, box).filter(
    (i) => filled.pixels[i] - copy.pixels[i] >= INK * apart,
  );
  const area = (box.bottom - box.top) * (box.right - box.left);
  if (ink.length < WRITTEN * area) return picture;
  const [rows, columns] = [picture.height / copy.height, picture.width / copy.width];
  const [top, left] = [Math.floor(box.top * rows), Math.floor(box.left * columns)];
  const [bottom, right] = [Math.floor(box.bottom * rows), Math.floor(box.right * columns)];
  return cutOut(picture, top, left, bottom - top, right - left);
}

/**
 * Where the sheet is, without its edges, and how far above its desk; null if what is bright is no sheet.
 * @param {import("./planes.js").Plane} filled the picture without its writing
 * @param {Mask} paper what is bright with it
 */
function boxOf(filled, paper) {
  const { height, width, pixels } = brighter(filled);
  const rows = new Float64Array(height);
  const columns = new Float64Array(width);
  pixels.forEach((one, i) => {
    rows[Math.floor(i / width)] += one;
    columns[i % width] += one;
  });
  const [top, bottom] = extent(rows);
  const [left, right] = extent(columns);
  if (bottom === 0) return null;
  const upright = +(top === 0) + +(bottom === height);
  const across = +(left === 0) + +(right === width);
  const box = { top, bottom, left, right };
  const isInside = new Uint8Array(pixels.length);
  const inside = within(width, box);
  for (const i of inside) isInside[i] = 1;
  const outside = Array.from(pixels.keys()).filter((i) => !isInside[i]);
  const share = inside.length / pixels.length;
  // A bold stroke runs from side to side as well, and all of a picture is no sheet in it.
  if (
    ["0,2", "2,0", "2,2"].includes(`${upright},${across}`) ||
    !(SHEET[0] < share && share < SHEET[1])
  )
    return null;
  const count = (/** @type {number[]} */ places) => places.reduce((sum, i) => sum + pixels[i], 0);
  if (count(inside) < FULL * inside.length || count(outside) > STRAY * inside.length) return null;
  const level = (/** @type {number[]} */ places) =>
    median(Float64Array.from(places, (i) => filled.pixels[i]));
  const apart = level(inside) - level(outside);
  if (apart < APART) return null;
  for (const inset of INSETS) {
    const down = Math.floor(inset * (bottom - top)) + 1;
    const across = Math.floor(inset * (right - left)) + 1;
    const one = {
      top: top + down,
      bottom: bottom - down,
      left: left + across,
      right: right - across,
    };
    const places = within(width, one);
    const border = places.filter((i) => {
      const [y, x] = [Math.floor(i / width), i % width];
      return y === one.top || y === one.bottom - 1 || x === one.left || x === one.right - 1;
    });
    if (places.length && border.every((i) => paper.pixels[i])) return { box: one, apart };
  }
  return null;
}

/** From the first to past the last of the lines that hold more than half as much as the fullest. @param {Float64Array} sums */
function extent(sums) {
  const most = greatest(sums) / 2;
  const long = (/** @type {number} */ sum) => sum > most;
  const last = sums.findLastIndex(long);
  return [Math.max(0, sums.findIndex(long)), last + 1];
}

/** @param {number} width @param {{top: number, bottom: number, left: number, right: number}} box */
function within(width, { top, bottom, left, right }) {
  const places = [];
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) places.push(y * width + x);
  return places;
}
