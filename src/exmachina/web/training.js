/**
 * A training as the page sees it: events come in, from the server or from a recording, and a record of it grows.
 *
 * @typedef {{index: number, step: number, url: string}} Snapshot
 * @typedef {{id: string, name: string, network: import("./network/spec.js").Network, status: "waiting" | "running" |
 *   "paused" | "done" | "stopped" | "failed", message: string, steps: number, points: {step: number, loss: number, accuracy: number
 *   | null, seconds: number}[], epochs: {epoch: number, step: number, loss: number, accuracy: number}[],
 *   snapshots: Snapshot[], runId: string | null, testAccuracy: number | null, seconds: number | null, end: any, number: number}} Training
 *   `number` counts the finished ones, from 1
 */

import * as api from "./api.js";
import { refreshRuns } from "./api.js";
import { store, useMoment, useRun } from "./state.js";

const KEPT = 6; // finished trainings whose weights the server still has

/** @param {Training | null} training */
export const isLive = (training) => training !== null && ["waiting", "running", "paused"].includes(training.status);

/** @param {string} id @param {string} name @param {import("./network/spec.js").Network} network @returns {Training} */
export const newTraining = (id, name, network) => ({
  id, name, network, status: "waiting", message: "", steps: 0, points: [], epochs: [], snapshots: [], runId: null,
  testAccuracy: null, seconds: null, end: null, number: 0,
});

/**
 * What to call a training: its recipe and whatever differs from it.
 * @param {any} recipe
 * @param {{changes?: Record<string, unknown>, seed?: number, own?: boolean}} order `own`: with the reader's network
 */
export function trainingName(recipe, { changes = {}, seed = 0, own = false }) {
  const differences = Object.entries(changes).filter(([knob, value]) => recipe[knob] !== value);
  return [own ? "yours" : recipe.name, ...differences.map(([knob, value]) => `${knob.replaceAll("_", " ")} ${value}`), seed ? `seed ${seed}` : ""].filter(Boolean).join(", ");
}

/**
 * The record after one more event.
 * @param {Training} training
 * @param {any} event
 * @returns {Training}
 */
export function after(training, event) {
  switch (event.type) {
    case "queued":
      return { ...training, status: "waiting", message: queueText(event) };
    case "started":
      return { ...training, status: "running", message: "", steps: event.steps ?? 0, network: event.network ?? training.network };
    case "paused":
      return { ...training, status: "paused", message: pauseText(event) };
    case "resumed":
      return { ...training, status: "running", message: event.because === "others" ? "It went on by itself: another training was waiting for its turn." : "" };
    case "step": {
      if (event.loss === null) return training;
      const { step, loss, seconds, accuracy = null } = event;
      return { ...training, points: [...training.points, { step, loss, accuracy, seconds }] };
    }
    case "snapshot":
      return { ...training, snapshots: [...training.snapshots, { index: event.index, step: event.step, url: event.url }] };
    case "epoch":
      return { ...training, epochs: [...training.epochs, event] };
    case "end":
      return { ...training, status: "done", runId: event.run_id, testAccuracy: event.test_accuracy, seconds: event.train_seconds ?? null, end: event };
    case "stopped":
      return { ...training, status: "stopped", runId: event.run_id, seconds: event.train_seconds ?? null, end: event };
    case "error":
      return { ...training, status: "failed", message: event.error };
    default:
      return training;
  }
}

/** @param {{position: number, estimated_seconds?: number}} event */
function queueText({ position, estimated_seconds: seconds }) {
  const time = seconds && seconds > 1 ? `, about ${Math.ceil(seconds)} seconds` : "";
  return position > 0 ? `${position} training${position > 1 ? "s" : ""} before yours${time}.` : "Yours is next.";
}

/** @param {{patience: number, others_wait: boolean}} event */
function pauseText({ patience, others_wait: othersWait }) {
  return othersWait
    ? `Another training waits for its turn, so this one goes on by itself within ${patience} seconds.`
    : `It waits for you. Should another training have to wait for it, it goes on by itself after ${patience} seconds.`;
}

/** @type {Map<string, Promise<import("./network/safetensors.js").Weights>>} */
const loaded = new Map();

/** @param {string} url */
export function snapshotWeights(url) {
  let weights = loaded.get(url);
  if (!weights) {
    weights = api.loadWeights(url);
    weights.catch(() => loaded.delete(url));
    loaded.set(url, weights);
    if (loaded.size > 120) loaded.delete(/** @type {string} */ (loaded.keys().next().value));
  }
  return weights;
}

/**
 * Let the whole page show the network as it was at a snapshot.
 * @param {Training} training
 * @param {number} at position in its snapshots
 */
export async function showMoment(training, at) {
  const snapshot = training.snapshots[at];
  if (!snapshot) return;
  const weights = await snapshotWeights(snapshot.url);
  const base = { id: training.id, network: training.network, weights, temperature: 1, threshold: null, testAccuracy: null };
  useMoment(base, { training: training.id, step: snapshot.step }, weights);
}

/**
 * Order a training and follow it.
 * @param {Record<string, unknown>} order
 * @param {string} name
 * @param {import("./network/spec.js").Network} network
 * @param {"trainings" | "finetune"} [kind]
 */
export async function train(order, name, network, kind = "trainings") {
  const { id } = await (kind === "finetune" ? api.startFinetuning(order) : api.startTraining(order));
  return attach(newTraining(id, name, network));
}

/** Follow a training until it is over. @param {Training} first @returns {Promise<Training>} */
function attach(first) {
  const keeper = keep(first);
  return new Promise((resolve) => {
    api.follow("trainings", first.id, (event) => {
      const training = keeper(event);
      if (!isLive(training)) resolve(training);
    });
  });
}

/** After a reload: find the finished trainings again, and go on following those that are not. */
export async function rejoin() {
  const jobs = (await api.jobs()).filter(({ kind }) => kind !== "experiment");
  for (const job of jobs) {
    const training = newTraining(job.id, jobName(job), /** @type {any} */ (null)); // its first event brings the network
    if (["queued", "running", "paused"].includes(job.state)) attach(training);
    else if (job.state !== "error") remember((await api.pastEvents(job.id)).reduce(after, training));
  }
  const { training, finished } = store.get();
  if (!training && finished.length) store.set({ training: finished[finished.length - 1], compared: finished[finished.length - 2] ?? null });
}

/** @param {any} job an entry of the server's list */
function jobName({ kind, recipe: name, network, ...order }) {
  const recipe = api.recipes().find((item) => item.name === name);
  if (kind === "finetune" || !recipe) return kind === "finetune" ? "your hand" : name;
  return trainingName(recipe, { ...order, own: network !== recipe.network });
}

/**
 * Play a recorded training, in the time that it took but at most in five seconds.
 * @param {any} recording an entry of the static copy's `trainings`
 * @param {string} name
 * @param {import("./network/spec.js").Network} network
 */
export async function replay(recording, name, network) {
  const events = await api.recordedEvents(recording.events);
  const keeper = keep(newTraining(recording.id, name, network));
  const total = Math.max(...events.map(({ seconds = 0 }) => seconds), 0.1);
  const factor = Math.max(1, total / 5);
  const start = performance.now();
  let next = 0;
  return new Promise((resolve) => {
    const tick = () => {
      const now = ((performance.now() - start) / 1000) * factor;
      while (next < events.length && (events[next].seconds ?? 0) <= now) keeper(events[next++]);
      if (next < events.length) setTimeout(tick, 16);
      else resolve(store.get().training);
    };
    tick();
  });
}

/** Keep the record in the store and show the latest snapshot while it grows. @param {Training} first */
function keep(first) {
  let training = first;
  let shown = -1;
  let showing = Promise.resolve();
  const { finished } = store.get();
  store.set({ training, compared: finished.filter(({ id }) => id !== first.id).pop() ?? null });
  const isShown = () => store.get().training?.id === training.id;

  /** Snapshots may come faster than their weights: always show the latest, and no two at once. */
  async function catchUp() {
    while (isLive(training) && isShown() && shown < training.snapshots.length - 1) {
      shown = training.snapshots.length - 1;
      await showMoment(training, shown).catch(() => {});
    }
    shown = -1;
  }

  return (/** @type {any} */ event) => {
    training = after(training, event);
    if (["done", "stopped"].includes(training.status)) training = remember(training);
    if (isShown()) store.set({ training });
    if (event.type === "snapshot" && shown < 0) showing = catchUp();
    if (["end", "stopped"].includes(event.type)) showing.then(refreshRuns).catch(() => {}).then(() => isShown() && present(training));
    return training;
  };
}

/** Among the finished ones, unless it never began. @param {Training} training @returns {Training} with its number */
function remember(training) {
  if (training.points.length === 0) return training;
  const { finished } = store.get();
  const numbered = { ...training, number: 1 + Math.max(0, ...finished.map(({ number }) => number)) };
  store.set({ finished: [...finished.filter(({ id }) => id !== training.id), numbered].slice(-KEPT) });
  return numbered;
}

/** Let the whole page show what a training has ended with. @param {Training} training */
export async function present(training) {
  const known = api.runs().some(({ id }) => id === training.runId);
  if (known && training.runId) await useRun(training.runId).catch((error) => store.set({ error: error.message }));
  else await showMoment(training, training.snapshots.length - 1).catch(() => {});
}
