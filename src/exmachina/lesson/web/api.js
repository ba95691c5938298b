/**
 * The only module that fetches. The page is plain files, the same on any host; `site.json` says what there is, and
 * whether a lesson's server stands behind it, which adds the class's collection.
 *
 * @typedef {import("./network/spec.js").Network} Network
 * @typedef {import("./network/safetensors.js").Weights} Weights
 * @typedef {{index: number, label: number, pixels: Uint8Array}} Digit
 * @typedef {{images: Uint8Array, labels: Uint8Array}} Digits bytes (N, 28, 28) in a row, and their labels
 * @typedef {{id: string, name: string, recipe: string, network: string, test_accuracy: number | null}} RunInfo
 * @typedef {{id: string, network: Network, weights: Weights, temperature: number, threshold: number | null,
 *   rejector: import("./network/rejector.js").Rejector | null, testAccuracy: number | null}} Model
 * @typedef {{id: string, label: number, strokes: number[][][] | null, image: number[]}} Drawing
 * @typedef {import("./training.js").Training} Training
 */

import { secondsToWait, turn } from "./busy.js";
import { bestFile } from "./engine/engine.js";
import { fixed } from "./marks/format.js";
import { assess } from "./network/assess.js";
import { readRejector } from "./network/rejector.js";
import { readSafetensors } from "./network/safetensors.js";
import * as shelf from "./shelf.js";
import { t } from "./texts.js";

const PIXELS = 784;

/** @type {any} */
let site = null;
/** Finished trainings of this reader, oldest first. @type {Training[]} */
let own = [];

/** Whether a lesson's server stands behind the page. */
export const hasServer = () => Boolean(site?.server);

/** Find out where the page lives and what the reader has made here before. */
export async function open() {
  site = await fetchJson("site.json");
  own = await shelf.all("runs").catch(() => []);
}

/** The texts of another language, by their English wording. @param {string} language @returns {Promise<Record<string, string>>} */
export const catalogue = (language) => fetchJson(`texts/${language}.json`);

/** @returns {Network[]} */
export const networks = () => site.networks;
/** @returns {any[]} */
export const recipes = () => site.recipes;

// ---- runs ----

/** Those that came with the page, and the reader's own. @returns {RunInfo[]} */
export const runs = () => [...site.runs, ...own.filter(isWhole).map(describeOwn)];

/** @param {Training} training */
const isWhole = ({ weights, testAccuracy }) => weights !== null && testAccuracy !== null;

/** @param {Training} training @returns {RunInfo} */
const describeOwn = ({ id, name, number, network, testAccuracy }) => ({
  id,
  name: `${number}. ${name}`,
  recipe: name,
  network: network.name,
  test_accuracy: testAccuracy,
});

/** The reader's finished trainings, oldest first. */
export const ownRuns = () => own;

/** Keep finished trainings, and only these. @param {Training[]} trainings */
export async function keepOwnRuns(trainings) {
  const gone = own.filter(({ id }) => !trainings.some((kept) => kept.id === id));
  const fresh = trainings.filter((training) => !own.includes(training));
  own = trainings;
  for (const training of fresh) await shelf.put("runs", { ...training, created: training.number });
  for (const { id } of gone) await shelf.remove("runs", id);
}

/** @param {string} id */
const ownRun = (id) => own.find((training) => training.id === id);

/** @param {string} id @returns {Promise<Model>} */
export async function loadRun(id) {
  const mine = ownRun(id);
  if (mine?.weights) {
    return {
      id,
      network: mine.network,
      weights: mine.weights,
      temperature: 1,
      threshold: null,
      rejector: null,
      testAccuracy: mine.testAccuracy,
    };
  }
  const [info, weights] = await Promise.all([
    fetchJson(runFile(id, "run.json")),
    loadWeights(runFile(id, "model.safetensors")),
  ]);
  const rejects = "rejector.safetensors" in info.sha256;
  const file = rejects ? await request(runFile(id, "rejector.safetensors")) : null;
  return {
    id,
    network: info.network,
    weights,
    temperature: info.temperature ?? 1,
    threshold: info.rejection_threshold ?? null,
    rejector: file && readRejector(await file.arrayBuffer()),
    testAccuracy: info.test_accuracy,
  };
}

/** Where the files of a run that is not the reader's own can be downloaded. @param {string} id @param {string} file */
export const runFile = (id, file) => `data/runs/${id}/${file}`;

/** @param {string} url @returns {Promise<Weights>} */
async function loadWeights(url) {
  return readSafetensors(await (await request(url)).arrayBuffer());
}

/** @param {string} id */
export async function evaluation(id) {
  const mine = ownRun(id);
  if (mine?.logits) return assess(mine.logits, (await testDigits()).labels);
  return fetchJson(runFile(id, "evaluation.json"));
}

// ---- data ----

/** @type {Promise<any> | undefined} */
let summaryOnce;
/** Counts, averages and strangest images of the data. */
export const summary = () => (summaryOnce ??= fetchJson(site.data.summary));

/** @type {Map<string, Promise<Digits>>} */
const files = new Map();

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
export const testDigits = () => digitsFile(site.data.test.parts[0].file);

/**
 * The first parts of the training digits, at least `count` images if there are so many.
 * @param {number} count
 * @param {(text: string) => void} [tell] what is being fetched
 * @returns {Promise<Digits>}
 */
export async function trainingDigits(count, tell = () => {}) {
  const parts = site.data.train.parts.slice(
    0,
    Math.max(1, Math.ceil(count / site.data.train.parts[0].count)),
  );
  const missing = parts.filter((/** @type {any} */ part) => !files.has(part.file));
  if (missing.length) tell(t("Fetching training digits, {size} …", { size: megabytes(missing) }));
  return joined(await Promise.all(parts.map((/** @type {any} */ part) => digitsFile(part.file))));
}

/** The last part of the training digits, for choosing between recipes. @returns {Promise<Digits>} */
export const heldOutDigits = () =>
  digitsFile(site.data.train.parts[site.data.train.parts.length - 1].file);

/** How many training digits there are beside those held out. */
export const mostToLearn = () =>
  site.data.train.count - site.data.train.parts[site.data.train.parts.length - 1].count;

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

/** @typedef {"train" | "test"} Split */

/** How many images a split has. @param {Split} split @returns {number} */
export const countOf = (split) => site.data[split].count;

/** A few digits, the first and those that figures show, come in one small file. @param {Split} split */
async function sample(split) {
  const { file, indices } = site.data[split].sample;
  return { digits: await digitsFile(file), indices: /** @type {number[]} */ (indices) };
}

/** @param {Split} split @param {number} index @returns {Promise<Digit | undefined>} */
async function digitAt(split, index) {
  const { digits: few, indices } = await sample(split);
  const place = indices.indexOf(index);
  if (place >= 0) return cut(few, place, index);
  const { parts, count } = site.data[split];
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
  const { first } = site.data[split].sample;
  const few = (await sample(split)).digits;
  const places = Array.from({ length: first }, (_, i) => i).filter(
    (i) => digit === null || few.labels[i] === digit,
  );
  if (places.length >= offset + limit)
    return places.slice(offset, offset + limit).map((place) => cut(few, place, place));
  const found = [];
  let skip = offset;
  let start = 0;
  for (const { file, count } of site.data[split].parts) {
    const { labels, images } = await digitsFile(file);
    for (let place = 0; place < count; place++) {
      if (digit !== null && labels[place] !== digit) continue;
      if (skip-- > 0) continue;
      found.push(cut({ labels, images }, place, start + place));
      if (found.length === limit) return found;
    }
    start += count;
  }
  return found;
}

/**
 * Chosen images of a split, in the order of `indices`.
 * @param {Split} split
 * @param {number[]} indices
 * @returns {Promise<Digit[]>}
 */
export async function digitsByIndex(split, indices) {
  const found = await Promise.all(indices.map((index) => digitAt(split, index)));
  return found.filter((digit) => digit !== undefined);
}

/** @type {Map<string, Promise<WebAssembly.Module>>} */
const modules = new Map();
/** The compiled engine, for one thread or several. @param {boolean} [threads] */
export function engineModule(threads = false) {
  const file = bestFile(threads);
  const known = modules.get(file);
  if (known) return known;
  const coming = request(`engine/${file}`)
    .then((response) => response.arrayBuffer())
    .then((bytes) => WebAssembly.compile(bytes));
  modules.set(file, coming);
  coming.catch(() => modules.delete(file));
  return coming;
}

// ---- the reader's drawings ----

/** @returns {Promise<Drawing[]>} oldest first */
export const collection = () => shelf.all("drawings");

/** @param {Omit<Drawing, "id">} drawing */
export async function keep(drawing) {
  const kept = { ...drawing, id: shelf.newId(), created: Date.now() };
  await shelf.put("drawings", kept);
  if (shares()) await post("collection", drawing);
}

/** Forget one drawing, or all of them. @param {string} [id] */
export const forget = (id) => shelf.remove("drawings", id);

const SHARING = "exmachina.sharing";
/** Whether the reader sends what they keep to the class's collection as well. */
export const shares = () => hasServer() && localStorage.getItem(SHARING) === "yes";

/** @param {boolean} wanted */
export async function share(wanted) {
  localStorage.setItem(SHARING, wanted ? "yes" : "no");
  if (!wanted) return void (await request("api/v1/collection", { method: "DELETE" }));
  for (const { label, strokes, image } of await collection())
    await post("collection", { label, strokes, image });
}

/** @param {string} url */
export const fetchJson = async (url) => (await request(url)).json();

/** @param {string} path @param {unknown} body */
async function post(path, body) {
  const options = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  return (await request(`api/v1/${path}`, options)).json();
}

/** Ask; if the server is busy and says for how long, wait and ask again. @param {string} url @param {RequestInit} [options] */
export async function request(url, options) {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url, options).catch(() => {
      throw new Error(
        t(
          "The page's host does not answer; is the connection, or the lesson's server, still there?",
        ),
      );
    });
    if (response.ok) return response;
    const reason = await response.json().then(
      (/** @type {any} */ body) => body.error,
      () => null,
    );
    const seconds = secondsToWait(response, attempt);
    if (seconds === null || !(await turn(seconds, reason ?? t("The server is busy."))))
      throw new Error(reason ?? `${response.status} ${response.statusText}`);
  }
}
