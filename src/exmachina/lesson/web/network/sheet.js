/**
 * A sheet or a slate on a desk, with the arithmetic of exmachina/images/sheet.py: what is around it is neither paper nor
 * ink, and goes before those are told apart.
 *
 * @typedef {import("./normalize.js").Picture} Picture
 * @typedef {import("./planes.js").Plane} Plane
 * @typedef {import("./planes.js").Mask} Mask
 */

import { SMALL } from "./clean.js";
import { brighter, FAINT, longer, ring } from "./materials.js";
import { judged } from "./paper.js";
import {
  chosen,
  greyClosing,
  greyOpening,
  groups,
  grown,
  median3,
  shrunk,
  transposed,
  where,
} from "./planes.js";
import { greatest, least, median } from "./statistics.js";

const WRITING = 10; // times as long as the widest stroke is the picture
const SHEET = [0.08, 0.95]; // of the picture: the least and the most that a sheet lying in it takes up
const NARROWEST = 1 / 6; // of the picture's longer side
const PAPER = 0.75; // of the sheet, at least; the rest is strong ink
const JOINT = 5; // pixels: what is joined to the sheet by less is no part of it
const CONVEX = 0.98; // of its rows and columns, each from its first pixel to its last
const STRAIGHT = [0.83, 0.93]; // of the smallest rectangle around it: seen aslant it fills more, an ellipse less; as a strip
const DIRECTIONS = 28; // to either side of level in which that rectangle is looked for
const STRAY = 0.2; // of a sheet that its picture cuts: so much may be as bright elsewhere
const AROUND = 3; // pixels that a frame is wide, at least
const APART = 40; // levels between sheet and what is around it
const UNEVEN = 0.15; // of the sheet is farther than `FAINT` of that, and `APART`, from its level, at most: else it is a shadow
const [INK, FAINTEST] = [0.2, 16]; // of that, and levels: at least so much is between sheet and ink
const INSETS = [0.02, 0.05, 0.08, 0.12]; // of its shorter side: the first at which its border is all paper
const SOFT = 2; // pixels within that border that may be the blur of its sides
const WRITTEN = 0.002; // of the sheet, at least, is ink

/** The sheet that lies in a picture with a darker or a lighter desk around it; `picture` itself if there is none. @param {Picture} picture @returns {Picture} */
export function sheetAlone(picture) {
  const border = ring(picture);
  if (longer(picture) < SMALL || least(border) === greatest(border)) return picture;
  const copy = judged(picture);
  const bright = brighter(copy);
  const darker = where(copy, (i) => !bright.pixels[i]);
  const [light, dark] = [sheetOf(copy, bright), sheetOf(inverted(copy), darker)];
  if (dark && (!light || area(dark.sheet) > area(light.sheet)))
    return cutOut(picture, dark.sheet, inverted(dark.filled));
  return light ? cutOut(picture, light.sheet, light.filled) : picture;
}

/** @template {Plane} P @param {P} plane @returns {P} */
const inverted = (plane) => ({ ...plane, pixels: plane.pixels.map((value) => 255 - value) });

/** How many pixels are in a mask. @param {Mask} mask */
const area = ({ pixels }) => pixels.reduce((sum, one) => sum + one, 0);

/**
 * Where the largest sheet of `paper` is without its edges, and the copy without writing; null of none.
 * @param {Picture} copy
 * @param {Mask} paper what is bright in it
 */
function sheetOf(copy, paper) {
  const { labels, boxes } = groups(greyOpening(paper, JOINT), false);
  const order = boxes.map((_, index) => index).sort((a, b) => boxes[b].area - boxes[a].area);
  for (const index of order) {
    if (boxes[index].area < PAPER * SHEET[0] * copy.pixels.length) break;
    const part = where(copy, (i) => labels[i] === index + 1);
    const { height, width, pixels } = part;
    const corners = [0, width - 1, (height - 1) * width, height * width - 1];
    if (corners.every((i) => pixels[i])) continue; // the page itself, or the desk
    const sheet = withoutHoles(part);
    const size = area(sheet);
    const share = size / copy.pixels.length;
    if (!(SHEET[0] < share && share < SHEET[1]) || boxes[index].area < PAPER * size) continue;
    if (!hasFourSides(sheet)) continue;
    const apart = distance(copy, paper, part, sheet);
    const inner = apart < APART ? null : withoutEdges(sheet, paper);
    if (!inner) continue;
    const smooth = median3(copy);
    const filled = greyClosing(smooth, Math.floor(longer(copy) / WRITING) | 1);
    const least = Math.max(INK * apart, FAINTEST);
    const ink = where(copy, (i) => filled.pixels[i] - smooth.pixels[i] >= least);
    if (written(inner, ink) >= WRITTEN * area(inner)) return { sheet: inner, filled };
  }
  return null;
}

/** A mask and all that it surrounds. @param {Mask} mask */
function withoutHoles(mask) {
  const { labels, boxes } = groups(
    where(mask, (i) => !mask.pixels[i]),
    false,
  );
  const outside = boxes.map(
    ({ top, left, bottom, right }) =>
      top === 0 || left === 0 || bottom === mask.height || right === mask.width,
  );
  return where(mask, (i) => !outside[labels[i] - 1]);
}

/** The first and the last column of each row that holds something, with the row. @param {Mask} mask */
function ends({ height, width, pixels }) {
  const result = [];
  for (let y = 0; y < height; y++) {
    const line = pixels.subarray(y * width, (y + 1) * width);
    const first = line.indexOf(1);
    if (first >= 0) result.push({ y, first, last: line.lastIndexOf(1) });
  }
  return result;
}

/** Is it convex, wide, and does it fill the smallest rectangle around it, which may lie aslant? @param {Mask} sheet */
function hasFourSides(sheet) {
  const size = area(sheet);
  const lines = [transposed(sheet), sheet].map(ends);
  for (const one of lines)
    if (size < CONVEX * one.reduce((sum, { first, last }) => sum + last - first + 1, 0))
      return false;
  const [columns, rows] = lines;
  const strip = rows.length === sheet.height || columns.length === sheet.width; // bold strokes are such
  const straight = STRAIGHT[+strip];
  const points = rows.flatMap(({ y, first, last }) => [
    [first, y],
    [last, y],
  ]);
  for (let slope = -DIRECTIONS; slope <= DIRECTIONS; slope++) {
    const pixel = DIRECTIONS + Math.abs(slope);
    const unit = DIRECTIONS ** 2 + slope ** 2;
    const length = extent(points.map(([x, y]) => DIRECTIONS * x + slope * y)) + pixel;
    const width = extent(points.map(([x, y]) => DIRECTIONS * y - slope * x)) + pixel;
    const wide = Math.min(length, width) ** 2 >= (NARROWEST * longer(sheet)) ** 2 * unit;
    if (wide && size * unit >= straight * length * width) return true;
  }
  return false;
}

/** @param {number[]} places */
const extent = (places) => Math.max(...places) - Math.min(...places);

/**
 * How far a sheet is above what is around it; 0 if it is uneven, or if there is more of its paper elsewhere.
 * @param {Picture} copy
 * @param {Mask} paper what is bright
 * @param {Mask} part the sheet's
 * @param {Mask} sheet
 */
function distance(copy, paper, part, sheet) {
  const [near, touching] = [grown(sheet, AROUND).pixels, grown(sheet, 1).pixels];
  const around = where(copy, (i) => near[i] && !touching[i]);
  const size = area(sheet);
  if (!around.pixels.some(Boolean)) return 0;
  const elsewhere = where(copy, (i) => paper.pixels[i] && !sheet.pixels[i]); // paper that strokes part
  if (ring(sheet).some(Boolean) && area(elsewhere) > STRAY * size) return 0;
  const values = chosen(copy.pixels, part.pixels);
  const level = median(values);
  const apart = level - median(chosen(copy.pixels, around.pixels));
  const most = Math.max(FAINT * apart, APART);
  const away = values.reduce((sum, one) => sum + +(Math.abs(one - level) > most), 0);
  return away > UNEVEN * size ? 0 : apart;
}

/** As much of a sheet as has a border that is all paper; null of none. @param {Mask} sheet @param {Mask} paper */
function withoutEdges(sheet, paper) {
  const shorter = Math.min(ends(sheet).length, ends(transposed(sheet)).length);
  for (const inset of INSETS) {
    const inner = shrunk(sheet, Math.floor(inset * shorter) + 1);
    const within = shrunk(inner, 1).pixels;
    const edge = where(sheet, (i) => inner.pixels[i] && !within[i]);
    const values = chosen(paper.pixels, edge.pixels);
    if (values.length && values.every(Boolean)) return inner;
  }
  return null;
}

/** How many pixels of a sheet are ink that does not run on to its sides. @param {Mask} sheet @param {Mask} ink */
function written(sheet, ink) {
  const deep = shrunk(sheet, SOFT);
  const within = shrunk(deep, 1).pixels;
  const { labels, boxes } = groups(
    where(ink, (i) => ink.pixels[i] && deep.pixels[i]),
    false,
  );
  labels.forEach((label, i) => {
    if (label && !within[i]) boxes[label - 1].area = 0;
  });
  return boxes.reduce((sum, box) => sum + box.area, 0);
}

/**
 * The box around a sheet of the judged copy. Beside it its paper goes on, as `filled` has it without writing.
 * @param {Picture} picture
 * @param {Mask} sheet
 * @param {Plane} filled
 * @returns {Picture}
 */
function cutOut(picture, sheet, filled) {
  const [rows, columns] = [ends(sheet), ends(transposed(sheet))];
  const [top, left] = [rows[0].y, columns[0].y];
  const [bottom, right] = [rows[rows.length - 1].y + 1, columns[columns.length - 1].y + 1];
  const spans = new Map(rows.map((one) => [one.y, one]));
  const step = Math.ceil(longer(picture) / longer(filled));
  const height = Math.min(picture.height, bottom * step) - top * step;
  const width = Math.min(picture.width, right * step) - left * step;
  const pixels = new Uint8Array(height * width);
  for (let y = 0, i = 0; y < height; y++) {
    const row = top + Math.floor(y / step);
    const { first, last } = spans.get(row) ?? { first: left, last: right - 1 };
    for (let x = 0; x < width; x++, i++) {
      const column = left + Math.floor(x / step);
      const nearest = row * filled.width + Math.min(last, Math.max(first, column));
      pixels[i] = sheet.pixels[row * filled.width + column]
        ? picture.pixels[(top * step + y) * picture.width + left * step + x]
        : filled.pixels[nearest];
    }
  }
  return { height, width, pixels };
}
