/**
 * A QR code (ISO/IEC 18004): bytes, versions 1 to 5 at the lowest level of correction, which is one block of at most
 * 106 letters. Enough for an address on a wall.
 */

import { svg } from "./dom.js";

/** Codewords of data and of correction by version. */
const SIZES = [
  [19, 7],
  [34, 10],
  [55, 15],
  [80, 20],
  [108, 26],
];
const QUIET = 4; // modules of paper around it
/** @type {((x: number, y: number) => boolean)[]} */
const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** As an element; null if the text is too long. @param {string} text @param {string} label */
export function qrCode(text, label) {
  const modules = qrModules(text);
  if (!modules) return null;
  const side = modules.length + 2 * QUIET;
  const path = modules.flatMap((row, y) =>
    row.flatMap((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : [])),
  );
  return svg(
    "svg",
    { class: "qr", viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": label },
    svg("path", { d: path.join("") }),
  );
}

/** Which modules are dark, line by line; null if the text is too long. @param {string} text */
export function qrModules(text) {
  const bytes = [...new TextEncoder().encode(text)];
  const version = 1 + SIZES.findIndex(([data]) => bytes.length + 2 <= data);
  if (!version) return null;
  const codewords = encoded(bytes, ...SIZES[version - 1]);
  const candidates = MASKS.map((_, mask) => drawn(codewords, version, mask));
  const costs = candidates.map(penalty);
  return candidates[costs.indexOf(Math.min(...costs))];
}

/** Mode, length, bytes and padding; then the correction. @param {number[]} bytes @param {number[]} size */
function encoded(bytes, ...[data, correction]) {
  const nibbles = [4, bytes.length >> 4, bytes.length & 15];
  for (const byte of bytes) nibbles.push(byte >> 4, byte & 15);
  nibbles.push(0);
  const words = [];
  for (let i = 0; i < nibbles.length; i += 2) words.push((nibbles[i] << 4) | nibbles[i + 1]);
  for (let i = 0; words.length < data; i++) words.push(i % 2 ? 0x11 : 0xec);
  return [...words, ...remainder(words, correction)];
}

/** Product in the field of 256 elements, modulo x⁸ + x⁴ + x³ + x² + 1. @param {number} a @param {number} b */
function times(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--)
    product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((b >> bit) & 1) * a);
  return product;
}

/** Reed and Solomon's: what is left of the words after division by (x − 1)(x − 2)(x − 4) … @param {number[]} words @param {number} count */
function remainder(words, count) {
  const divisor = [...Array(count - 1).fill(0), 1];
  for (let i = 0, root = 1; i < count; i++, root = times(root, 2))
    divisor.forEach((_, j) => (divisor[j] = times(divisor[j], root) ^ (divisor[j + 1] ?? 0)));
  const rest = Array(count).fill(0);
  for (const word of words) {
    const factor = word ^ rest.shift();
    rest.push(0);
    divisor.forEach((value, j) => (rest[j] ^= times(value, factor)));
  }
  return rest;
}

/** @param {number[]} codewords @param {number} version @param {number} mask */
function drawn(codewords, version, mask) {
  const side = 17 + 4 * version;
  /** @type {(boolean | undefined)[][]} */
  const modules = Array.from({ length: side }, () => Array(side).fill(undefined));
  const set = (/** @type {number} */ x, /** @type {number} */ y, /** @type {boolean} */ dark) => {
    if (x >= 0 && y >= 0 && x < side && y < side) modules[y][x] = dark;
  };
  for (let i = 0; i < side; i++) set(6, i, i % 2 === 0), set(i, 6, i % 2 === 0); // timing
  /** Rings around a centre. @param {number} x @param {number} y @param {number} radius @param {number} pale */
  const rings = (x, y, radius, pale) => {
    for (let dy = -radius; dy <= radius; dy++)
      for (let dx = -radius; dx <= radius; dx++) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy));
        set(x + dx, y + dy, ring !== pale && ring !== 4);
      }
  };
  for (const [x, y] of [
    [3, 3],
    [side - 4, 3],
    [3, side - 4],
  ])
    rings(x, y, 4, 2);
  if (version > 1) rings(side - 7, side - 7, 2, 1);
  formatBits(mask).forEach((dark, i) => {
    set(8, i < 6 ? i : i < 8 ? i + 1 : side - 15 + i, dark);
    set(i < 8 ? side - 1 - i : i < 9 ? 7 : 14 - i, 8, dark);
  });
  set(8, side - 8, true);
  let bit = 0;
  for (
    let right = side - 1;
    right > 0;
    right -= right === 8 ? 3 : 2 // upwards, then down, leaving out the timing
  )
    for (let step = 0; step < side; step++) {
      const up = ((right + (right < 6 ? 1 : 0)) & 2) === ((side - 1) & 2);
      const y = up ? side - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (modules[y][x] !== undefined) continue;
        const dark = ((codewords[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
        modules[y][x] = Boolean(dark) !== MASKS[mask](x, y);
        bit++;
      }
    }
  return /** @type {boolean[][]} */ (modules);
}

/** Level and mask with their own correction, from the least bit. @param {number} mask */
function formatBits(mask) {
  const data = 8 | mask; // 01: the lowest level
  let rest = data << 10;
  for (let bit = 14; bit >= 10; bit--) if ((rest >> bit) & 1) rest ^= 0x537 << (bit - 10);
  const bits = ((data << 10) | rest) ^ 0x5412;
  return Array.from({ length: 15 }, (_, i) => Boolean((bits >> i) & 1));
}

/** How hard a pattern is to find and to read. @param {boolean[][]} modules */
function penalty(modules) {
  const side = modules.length;
  const lines = [...modules, ...modules.map((_, x) => modules.map((row) => row[x]))];
  let cost = 0;
  for (const line of lines) {
    const text = line.map(Number).join("");
    for (const [run] of text.matchAll(/0{5,}|1{5,}/g)) cost += run.length - 2;
    for (const finder of ["10111010000", "00001011101"])
      for (let at = text.indexOf(finder); at >= 0; at = text.indexOf(finder, at + 1)) cost += 40;
  }
  for (let y = 1; y < side; y++)
    for (let x = 1; x < side; x++)
      if (
        new Set([modules[y][x], modules[y - 1][x], modules[y][x - 1], modules[y - 1][x - 1]])
          .size === 1
      )
        cost += 3;
  const dark = modules.flat().filter(Boolean).length / side ** 2;
  return cost + 10 * Math.floor(Math.abs(20 * dark - 10));
}
