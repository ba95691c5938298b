/**
 * MNIST's digits as the host has them: a few of each split in one small file, the rest in parts that are fetched when
 * they are asked for.
 *
 * @typedef {"train" | "test"} Split
 * @typedef {{index: number, label: number, pixels: Uint8Array}} Digit
 * @typedef {{images: Uint8Array, labels: Uint8Array}} Digits bytes (N, 28, 28) in a row, and their labels
 */

import { fetchJson, host, request } from "./host.js";
import { fixed } from "./marks/format.js";
import { t } from "./texts.js";

const PIXELS = 784;

/** @type {Promise<any> | undefined} */
let summaryOnce;
/** Counts, averages and strangest images of the data. */
export const summary = () => (summaryOnce ??= fetchJson(host().data.summary));

/** @type {Map<string, Promise<Digits>>} */
const files = new Map();

/**
 * Digits as the engine takes them, one behind the other.
 * @param {ArrayLike<number>[]} images
 * @param {number[]} labels
 * @returns {Digits}
 */
export function inARow(images, labels) {
  const all = new Uint8Array(PIXELS * images.length);
  images.forEach((image, i) => all.set(image, PIXELS * i));
  return { images: all, labels: Uint8Array.from(labels) };
}

/** A file of digits: labels, then images, compressed by gzip unless the host has undone that. @param {string} file */
function digitsFile(file) {
  let once = files.get(file);
  if (!once) {
    once = request(file)
      .then((response) => response.arrayBuffer())
      .then(unzipped)
      .then((bytes) => {
        const count = bytes.length / (1 + PIXELS);
        return { labels: bytes.subarray(0, count), images: bytes.subarray(count) };
      });
    once.catch(() => files.delete(file));
    files.set(file, once);
  }
  return once;
}

/** @param {ArrayBuffer} buffer */
async function unzipped(buffer) {
  const bytes = new Uint8Array(buffer);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** All 10,000 test digits. */
export const testDigits = () => digitsFile(host().data.test.parts[0].file);

/**
 * The first parts of the training digits, at least `count` images if there are so many.
 * @param {number} count
 * @param {(text: string) => void} [tell] what is being fetched
 * @returns {Promise<Digits>}
 */
export async function trainingDigits(count, tell = () => {}) {
  const parts = host().data.train.parts.slice(
    0,
    Math.max(1, Math.ceil(count / host().data.train.parts[0].count)),
  );
  const missing = parts.filter((/** @type {any} */ part) => !files.has(part.file));
  if (missing.length) tell(t("Fetching training digits, {size} …", { size: megabytes(missing) }));
  return joined(await Promise.all(parts.map((/** @type {any} */ part) => digitsFile(part.file))));
}

/** The last part of the training digits, for choosing between recipes. @returns {Promise<Digits>} */
export const heldOutDigits = () =>
  digitsFile(host().data.train.parts[host().data.train.parts.length - 1].file);

/** How many training digits there are beside those held out. */
export const mostToLearn = () =>
  host().data.train.count - host().data.train.parts[host().data.train.parts.length - 1].count;

/** @param {{bytes: number}[]} parts */
const megabytes = (parts) =>
  `${fixed(parts.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6, 1)} MB`;

/** @param {Digits[]} parts @returns {Digits} */
function joined(parts) {
  if (parts.length === 1) return parts[0];
  const count = parts.reduce((sum, { labels }) => sum + labels.length, 0);
  const all = { labels: new Uint8Array(count), images: new Uint8Array(PIXELS * count) };
  let at = 0;
  for (const { labels, images } of parts) {
    all.labels.set(labels, at);
    all.images.set(images, PIXELS * at);
    at += labels.length;
  }
  return all;
}

/** How many images a split has. @param {Split} split @returns {number} */
export const countOf = (split) => host().data[split].count;

/** A few digits, the first and those that figures show, come in one small file. @param {Split} split */
async function sample(split) {
  const { file, indices } = host().data[split].sample;
  return { digits: await digitsFile(file), indices: /** @type {number[]} */ (indices) };
}

/** @param {Split} split @param {number} index @returns {Promise<Digit | undefined>} */
async function digitAt(split, index) {
  const { digits: few, indices } = await sample(split);
  const place = indices.indexOf(index);
  if (place >= 0) return cut(few, place, index);
  const { parts, count } = host().data[split];
  if (!Number.isInteger(index) || index < 0 || index >= count) return undefined;
  const part = Math.floor(index / parts[0].count);
  return cut(await digitsFile(parts[part].file), index % parts[0].count, index);
}

/** @param {Digits} digits @param {number} place @param {number} index @returns {Digit} */
const cut = ({ labels, images }, place, index) => ({
  index,
  label: labels[place],
  pixels: images.slice(PIXELS * place, PIXELS * (place + 1)),
});

/**
 * A page of a split's images, of one digit if `digit` is given.
 * @param {Split} split
 * @param {{offset?: number, limit?: number, digit?: number | null}} [options]
 * @returns {Promise<Digit[]>}
 */
export async function digits(split, { offset = 0, limit = 100, digit = null } = {}) {
  const { first } = host().data[split].sample;
  const few = (await sample(split)).digits;
  const places = Array.from({ length: first }, (_, i) => i).filter(
    (i) => digit === null || few.labels[i] === digit,
  );
  if (places.length >= offset + limit)
    return places.slice(offset, offset + limit).map((place) => cut(few, place, place));
  const results = [];
  let skip = offset;
  let start = 0;
  for (const { file, count } of host().data[split].parts) {
    const { labels, images } = await digitsFile(file);
    for (let place = 0; place < count; place++) {
      if (digit !== null && labels[place] !== digit) continue;
      if (skip-- > 0) continue;
      results.push(cut({ labels, images }, place, start + place));
      if (results.length === limit) return results;
    }
    start += count;
  }
  return results;
}

/**
 * Chosen images of a split, in the order of `indices`.
 * @param {Split} split
 * @param {number[]} indices
 * @returns {Promise<Digit[]>}
 */
export async function digitsByIndex(split, indices) {
  const results = await Promise.all(indices.map((index) => digitAt(split, index)));
  return results.filter((digit) => digit !== undefined);
}
