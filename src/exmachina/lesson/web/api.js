/**
 * What a reader of the page has: its networks and recipes, the runs that came with it and their own, their drawings.
 *
 * @typedef {import("./network/spec.js").Network} Network
 * @typedef {import("./network/safetensors.js").Weights} Weights
 * @typedef {{id: string, name: string, recipe: string, network: string, test_accuracy: number | null}} RunInfo
 * @typedef {{id: string, network: Network, weights: Weights, temperature: number, threshold: number | null,
 *   rejector: import("./network/rejector.js").Rejector | null, rejectorFile?: string, testAccuracy: number | null}} Model
 * @typedef {{id: string, label: number, strokes: number[][][] | null, image: number[], sent?: number}} Drawing
 *   `sent`: its number in the class's collection
 * @typedef {import("./training.js").Training} Training
 */

import { testDigits } from "./dataset.js";
import { bestFile } from "./engine/engine.js";
import { fetchJson, hasServer, host, openHost, post, request } from "./host.js";
import { assess } from "./network/assess.js";
import { readRejector } from "./network/rejector.js";
import { readSafetensors } from "./network/safetensors.js";
import * as shelf from "./shelf.js";

/** Finished trainings of this reader, oldest first. @type {Training[]} */
let own = [];

/** Find out where the page lives and what the reader has made here before. */
export async function open() {
  await openHost();
  own = await shelf.all("runs").catch(() => []);
}

/** The texts of another language, by their English wording. @param {string} language @returns {Promise<Record<string, string>>} */
export const catalogue = (language) => fetchJson(`texts/${language}.json`);

/** @returns {Network[]} */
export const networks = () => host().networks;
/** @returns {any[]} */
export const recipes = () => host().recipes;

// ---- runs ----

/** Those that came with the page, and the reader's own. @returns {RunInfo[]} */
export const runs = () => [...host().runs, ...own.filter(isWhole).map(describeOwn)];

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
  return {
    id,
    network: info.network,
    weights,
    temperature: info.temperature ?? 1,
    threshold: info.rejection_threshold ?? null,
    rejector: null,
    rejectorFile: rejects ? runFile(id, "rejector.safetensors") : undefined,
    testAccuracy: info.test_accuracy,
  };
}

/** The same with its rejector, if it has one: a file of its own, so that a first reading need not wait for it.
 * @param {Model} model @returns {Promise<Model>} */
export async function withRejector(model) {
  if (!model.rejectorFile) return model;
  const buffer = await (await request(model.rejectorFile)).arrayBuffer();
  return { ...model, rejector: readRejector(buffer) };
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
  if (shares()) await send(kept);
}

/** Send a drawing to the class. @param {Drawing & {created: number}} kept */
async function send(kept) {
  const { label, strokes, image } = kept;
  const { id } = await post("collection", { label, strokes, image });
  const known = { ...kept, sent: id };
  await shelf.put("drawings", known);
}

/** Forget one drawing, or all of them; the class forgets them too. @param {string} [id] */
export async function forget(id) {
  if (shares()) await takeBack(id);
  await shelf.remove("drawings", id);
}

/** @param {string} [id] of a drawing */
async function takeBack(id) {
  const sent = (await collection()).find((drawing) => drawing.id === id)?.sent;
  if (id !== undefined && sent === undefined) return;
  const path = id === undefined ? "" : `/${sent}`;
  await request(`api/v1/collection${path}`, { method: "DELETE" }).catch((error) => {
    if (error.status !== 404) throw error; // the teacher has taken it down already
  });
}

const SHARING = "exmachina.sharing";
/** Whether the reader sends what they keep to the class's collection as well. */
export const shares = () => hasServer() && localStorage.getItem(SHARING) === "yes";

/** @param {boolean} wanted */
export async function share(wanted) {
  localStorage.setItem(SHARING, wanted ? "yes" : "no");
  if (!wanted) return void (await request("api/v1/collection", { method: "DELETE" }));
  for (const drawing of await shelf.all("drawings")) await send(drawing);
}
