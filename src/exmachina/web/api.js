/**
 * The only module that fetches. A page with a server asks it; a static copy (its site.json says so) reads recorded
 * files and answers the same questions.
 *
 * @typedef {import("./network/spec.js").Network} Network
 * @typedef {import("./network/safetensors.js").Weights} Weights
 * @typedef {{index: number, label: number, pixels: Uint8Array}} Digit
 * @typedef {{id: string, recipe: string, network: string, parameters: number, test_accuracy: number | null}} RunInfo
 * @typedef {{id: string, network: Network, weights: Weights, temperature: number, threshold: number | null,
 *   testAccuracy: number | null}} Model
 * @typedef {{id: string, label: number, strokes: number[][][] | null, image: number[]}} Drawing
 */

import { secondsToWait, turn } from "./busy.js";
import { readSafetensors } from "./network/safetensors.js";

/** @type {any} */
let site = null;

/** Whether there is no server behind the page. */
export const isStatic = () => Boolean(site?.static);

/** Find out where the page lives. */
export async function open() {
  const response = await fetch("site.json");
  site = response.ok ? await response.json() : { static: false };
  if (site.static) return;
  const [networks, recipes, runs] = await Promise.all([getJson("networks"), getJson("recipes"), getJson("runs")]);
  site = { static: false, networks, recipes, runs, trainings: [], experiments: [] };
}

/** @returns {Network[]} */
export const networks = () => site.networks.map((/** @type {any} */ item) => item.network?.layers ? item.network : item);
/** @returns {any[]} */
export const recipes = () => site.recipes;
/** @returns {RunInfo[]} */
export const runs = () => site.runs;
/** Ask again which runs there are: a training has added one. */
export async function refreshRuns() {
  if (!isStatic()) site.runs = await getJson("runs");
}
/** @returns {any[]} trainings that were recorded with a static copy */
export const recordedTrainings = () => site.trainings ?? [];
/** @returns {any[]} */
export const recordedExperiments = () => site.experiments ?? [];

/** @param {string} id */
const runFolder = (id) => (isStatic() ? `data/runs/${id}` : `api/v1/runs/${id}`);

/** @param {string} id @returns {Promise<Model>} */
export async function loadRun(id) {
  const [info, weights] = await Promise.all([fetchJson(`${runFolder(id)}/run.json`), loadWeights(`${runFolder(id)}/model.safetensors`)]);
  return {
    id,
    network: info.network,
    weights,
    temperature: info.temperature ?? 1,
    threshold: info.rejection_threshold ?? null,
    testAccuracy: info.test_accuracy,
  };
}

/** Where the files of a run can be downloaded. @param {string} id @param {string} file */
export const runFile = (id, file) => `${runFolder(id)}/${file}`;

/** @param {string} url @returns {Promise<Weights>} */
export async function loadWeights(url) {
  return readSafetensors(await (await request(url.replace(/^\//, ""))).arrayBuffer());
}

/** @param {string} id */
export const evaluation = (id) => fetchJson(isStatic() ? `data/runs/${id}/evaluation.json` : `api/v1/runs/${id}/evaluation`);

/** @type {Promise<any> | undefined} */
let summaryOnce;
/** Counts, averages and strangest images of the data. */
export const summary = () => (summaryOnce ??= fetchJson(isStatic() ? site.data.summary : "api/v1/data/summary"));

/** @type {Record<string, Promise<Digit[]>>} */
const recorded = {};

/** Every image of a split that a static copy holds. @param {"train" | "test"} split */
function recordedDigits(split) {
  recorded[split] ??= request(site.data[split].file)
    .then((response) => response.arrayBuffer())
    .then((buffer) => unpack(buffer, site.data[split].indices));
  return recorded[split];
}

/** @param {ArrayBuffer} buffer @param {number[]} indices @returns {Digit[]} */
function unpack(buffer, indices) {
  const bytes = new Uint8Array(buffer);
  return indices.map((index, i) => ({ index, label: bytes[785 * i], pixels: bytes.subarray(785 * i + 1, 785 * (i + 1)) }));
}

/**
 * A page of a split's images, of one digit if `digit` is given.
 * @param {"train" | "test"} split
 * @param {{offset?: number, limit?: number, digit?: number | null}} [options]
 * @returns {Promise<Digit[]>}
 */
export async function digits(split, { offset = 0, limit = 100, digit = null } = {}) {
  if (isStatic()) {
    const all = await recordedDigits(split);
    return all.filter(({ label }) => digit === null || label === digit).slice(offset, offset + limit);
  }
  const only = digit === null ? "" : `&digit=${digit}`;
  return digitsAt(`api/v1/data/${split}?offset=${offset}&limit=${limit}${only}`);
}

/** @param {string} url */
async function digitsAt(url) {
  const response = await request(url);
  const indices = (response.headers.get("X-Indices") ?? "").split(",").filter(Boolean).map(Number);
  return unpack(await response.arrayBuffer(), indices);
}

/**
 * Chosen images of a split, in the order of `indices`; a static copy leaves out those that it lacks.
 * @param {"train" | "test"} split
 * @param {number[]} indices
 * @returns {Promise<Digit[]>}
 */
export async function digitsByIndex(split, indices) {
  if (indices.length === 0) return [];
  if (!isStatic()) return digitsAt(`api/v1/data/${split}?indices=${indices.join(",")}`);
  const all = new Map((await recordedDigits(split)).map((digit) => [digit.index, digit]));
  return indices.flatMap((index) => all.get(index) ?? []);
}

/**
 * Start a training on the server.
 * @param {Record<string, unknown>} order
 * @returns {Promise<{id: string}>}
 */
export const startTraining = (order) => post("trainings", order);
/** @param {string} id @param {"pause" | "resume" | "step" | "stop"} command */
export const leadTraining = (id, command) => post(`trainings/${id}/${command}`, {});
/** What this reader has ordered and the server still knows. @returns {Promise<any[]>} oldest first */
export const jobs = () => getJson("trainings");
/** Every event of a training that is over. @param {string} id @returns {Promise<any[]>} */
export async function pastEvents(id) {
  const text = await (await request(`api/v1/trainings/${id}/events`)).text();
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data));
}
/** @param {Record<string, unknown>} order @returns {Promise<{id: string}>} */
export const startExperiment = (order) => post("experiments", order);
/** @param {Record<string, unknown>} order @returns {Promise<{id: string}>} */
export const startFinetuning = (order) => post("finetune", order);

/**
 * Follow what happens, an event at a time, from the beginning; after a broken connection it goes on where it was.
 * @param {"trainings" | "experiments"} kind
 * @param {string} id
 * @param {(event: any) => void} onEvent
 */
export function follow(kind, id, onEvent) {
  let last = 0;
  let refused = 0;
  connect();

  function connect() {
    const source = new EventSource(`api/v1/${kind}/${id}/events?after=${last}`);
    source.onmessage = ({ data, lastEventId }) => {
      last = Number(lastEventId);
      refused = 0;
      const event = JSON.parse(data);
      if (["end", "stopped", "error"].includes(event.type)) source.close();
      onEvent(event);
    };
    // A line that breaks is mended by the browser; a refusal is not.
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) again().catch((error) => onEvent({ type: "error", error: error.message }));
    };
  }

  async function again() {
    if (!(await jobs()).some((job) => job.id === id)) throw new Error("The server no longer knows this training; start it again.");
    refused += 1;
    if (refused > 10 || !(await turn(5, "The server is too busy to tell how the training goes on."))) throw new Error("The connection to the server was lost.");
    connect();
  }
}

/** Every event of a recorded training. @param {string} url @returns {Promise<any[]>} */
export const recordedEvents = (url) => fetchJson(url);

/** Let the server read a picture. @param {Blob} picture @param {string} run */
export async function predictPicture(picture, run) {
  const response = await request(`api/v1/predict?run=${encodeURIComponent(run)}`, {
    method: "POST",
    headers: { "Content-Type": picture.type || "image/png" },
    body: picture,
  });
  return response.json();
}

/** @returns {Promise<Drawing[]>} */
export async function collection() {
  return isStatic() ? JSON.parse(localStorage.getItem(SHELF) ?? "[]") : getJson("collection");
}

const SHELF = "exmachina.collection";

/** @param {Omit<Drawing, "id">} drawing */
export async function keep(drawing) {
  if (!isStatic()) return post("collection", drawing);
  const all = await collection();
  localStorage.setItem(SHELF, JSON.stringify([...all, { id: String(Date.now()), ...drawing }]));
}

/** Forget one drawing, or all of them. @param {string} [id] */
export async function forget(id) {
  if (!isStatic()) return void (await request(`api/v1/collection${id ? `/${id}` : ""}`, { method: "DELETE" }));
  const rest = id ? (await collection()).filter((drawing) => drawing.id !== id) : [];
  localStorage.setItem(SHELF, JSON.stringify(rest));
}

/** @param {"png" | "idx"} format */
export const collectionExport = (format) => `api/v1/collection/export?format=${format}`;

/** @param {string} path */
const getJson = (path) => fetchJson(`api/v1/${path}`);

/** @param {string} url */
const fetchJson = async (url) => (await request(url)).json();

/** @param {string} path @param {unknown} body */
async function post(path, body) {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return (await request(`api/v1/${path}`, options)).json();
}

/** Ask; if the server is busy and says for how long, wait and ask again. @param {string} url @param {RequestInit} [options] */
async function request(url, options) {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url, options);
    if (response.ok) return response;
    const reason = await response.json().then((/** @type {any} */ body) => body.error, () => null);
    const seconds = secondsToWait(response, attempt);
    if (seconds === null || !(await turn(seconds, reason ?? "The server is busy."))) throw new Error(reason ?? `${response.status} ${response.statusText}`);
  }
}
