/**
 * A training as the page sees it: events come in, from the server or from a recording, and a record of it grows.
 *
 * @typedef {{index: number, step: number, url: string}} Snapshot
 * @typedef {{id: string, name: string, network: import("./network/spec.js").Network, status: "waiting" | "running" |
 *   "done" | "stopped" | "failed", message: string, steps: number, points: {step: number, loss: number, accuracy: number
 *   | null, seconds: number}[], epochs: {epoch: number, step: number, loss: number, accuracy: number}[],
 *   snapshots: Snapshot[], runId: string | null, testAccuracy: number | null, seconds: number | null, end: any}} Training
 */

import * as api from "./api.js";
import { refreshRuns } from "./api.js";
import { store, useMoment, useRun } from "./state.js";

/** @param {string} id @param {string} name @param {import("./network/spec.js").Network} network @returns {Training} */
export const newTraining = (id, name, network) => ({
  id, name, network, status: "waiting", message: "", steps: 0, points: [], epochs: [], snapshots: [], runId: null,
  testAccuracy: null, seconds: null, end: null,
});

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
      return { ...training, status: "running", message: "", steps: event.steps ?? 0 };
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
      return { ...training, status: "stopped", runId: event.run_id, end: event };
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
  const keeper = keep(newTraining(id, name, network));
  return new Promise((resolve) => {
    api.follow("trainings", id, (event) => {
      const training = keeper(event);
      if (["done", "stopped", "failed"].includes(training.status)) resolve(training);
    });
  });
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
  let loading = false;
  const previous = store.get().training;
  store.set({ training, compared: previous && previous.points.length ? previous : store.get().compared });
  return (/** @type {any} */ event) => {
    training = after(training, event);
    if (store.get().training?.id === training.id) store.set({ training });
    if (event.type === "snapshot" && !loading) {
      loading = true;
      showMoment(training, training.snapshots.length - 1).catch(() => {}).finally(() => (loading = false));
    }
    if (event.type === "end") finish(training);
    return training;
  };
}

/** @param {Training} training */
async function finish(training) {
  await refreshRuns().catch(() => {});
  const known = api.runs().some(({ id }) => id === training.runId);
  if (known && training.runId) await useRun(training.runId).catch((error) => store.set({ error: error.message }));
  else await showMoment(training, training.snapshots.length - 1).catch(() => {});
}
