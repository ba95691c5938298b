/**
 * A training as the page sees it: events come in and a record of it grows.
 *
 * @typedef {import("./network/safetensors.js").Weights} Weights
 * @typedef {{step: number, weights: Weights}} Snapshot
 * @typedef {{recipe: any, seed: number, images: number}} Origin what it was trained with, and on how many images
 * @typedef {{id: string, name: string, network: import("./network/spec.js").Network, status: "waiting" | "running" |
 *   "paused" | "done" | "stopped" | "failed", message: string, steps: number, points: {step: number, loss: number, accuracy: number
 *   | null, seconds: number}[], epochs: {epoch: number, step: number, loss: number, accuracy: number}[],
 *   snapshots: Snapshot[], weights: Weights | null, testAccuracy: number | null, logits: Float32Array | null,
 *   seconds: number | null, end: any, number: number, origin: Origin | null}} Training
 *   `number` counts the finished ones, from 1
 */

import * as api from "./api.js";
import { newId } from "./shelf.js";
import { isDrawing, store, useMoment, useRun } from "./state.js";
import * as trainer from "./trainer.js";
import { plain } from "./marks/format.js";
import { t } from "./texts.js";

const KEPT = 6; // finished trainings that are kept with all their moments
const PICTURE = 150; // milliseconds at least between two pictures of a training: painting takes a core that could learn
const PICTURE_WHILE_DRAWING = 1000;

/** @param {Training | null} training */
export const isLive = (training) =>
  training !== null && ["waiting", "running", "paused"].includes(training.status);

/** @param {string} id @param {string} name @param {import("./network/spec.js").Network} network @returns {Training} */
export const newTraining = (id, name, network) => ({
  id,
  name,
  network,
  status: "waiting",
  message: "",
  steps: 0,
  points: [],
  epochs: [],
  snapshots: [],
  weights: null,
  testAccuracy: null,
  logits: null,
  seconds: null,
  end: null,
  number: 0,
  origin: null,
});

/**
 * What to call a training: its recipe and whatever differs from it.
 * @param {any} recipe
 * @param {{changes?: Record<string, unknown>, seed?: number, own?: boolean}} order `own`: with the reader's network
 */
export function trainingName(recipe, { changes = {}, seed = 0, own = false }) {
  const differences = Object.entries(changes).filter(([knob, value]) => recipe[knob] !== value);
  return [
    own ? t("yours") : recipe.name,
    ...differences.map(([knob, value]) => `${knobName(knob)} ${plain(value)}`),
    seed ? t("seed {seed}", { seed }) : "",
  ]
    .filter(Boolean)
    .join(", ");
}

/** @param {string} knob of a recipe */
function knobName(knob) {
  /** @type {Record<string, string>} */
  const names = {
    learning_rate: t("learning rate"),
    batch_size: t("batch size"),
    epochs: t("epochs"),
    optimizer: t("optimizer"),
  };
  return names[knob] ?? knob.replaceAll("_", " ");
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
      return { ...training, status: "waiting", message: event.text };
    case "started":
      return {
        ...training,
        status: "running",
        message: "",
        steps: event.steps,
        network: event.network,
        origin: event.origin,
      };
    case "paused":
      return { ...training, status: "paused" };
    case "resumed":
      return { ...training, status: "running" };
    case "steps":
      return { ...training, points: [...training.points, ...event.steps.map(point)] };
    case "snapshot":
      return {
        ...training,
        snapshots: [...training.snapshots, { step: event.step, weights: event.weights }],
      };
    case "epoch":
      return { ...training, epochs: [...training.epochs, event] };
    case "end":
    case "stopped":
      return {
        ...training,
        status: event.type === "end" ? "done" : "stopped",
        weights: event.weights,
        logits: event.logits,
        testAccuracy: event.test_accuracy,
        seconds: event.train_seconds,
        end: {
          before: event.before,
          after: event.after,
          turns: event.turns,
          testLoss: event.test_loss,
        },
      };
    case "error":
      return { ...training, status: "failed", message: event.error };
    default:
      return training;
  }
}

/** @param {any} step @returns {Training["points"][number]} */
const point = ({ step, loss, accuracy, seconds }) => ({ step, loss, accuracy, seconds });

/**
 * Let the whole page show the network as it was at a snapshot.
 * @param {Training} training
 * @param {number} at position in its snapshots
 */
export function showMoment(training, at) {
  const snapshot = training.snapshots[at];
  if (!snapshot) return;
  const base = {
    id: training.id,
    network: training.network,
    weights: snapshot.weights,
    temperature: 1,
    threshold: null,
    rejector: null,
    testAccuracy: null,
  };
  useMoment(base, { training: training.id, step: snapshot.step }, snapshot.weights);
}

/** Train from scratch. @param {trainer.TrainingOrder} order @param {string} name @returns {Promise<Training>} when it is over */
export const train = (order, name) =>
  follow(name, order.network, (id, tell) => trainer.train(id, order, tell));

/** Train on with the reader's drawings. @param {trainer.TuningOrder} order @param {string} name @returns {Promise<Training>} */
export const finetune = (order, name) =>
  follow(name, order.network, (id, tell) => trainer.finetune(id, order, tell));

/**
 * @param {string} name
 * @param {import("./network/spec.js").Network} network
 * @param {(id: string, tell: (event: any) => void) => Promise<void>} begin
 * @returns {Promise<Training>}
 */
function follow(name, network, begin) {
  return new Promise((resolve) => {
    const id = newId();
    const keeper = keep(newTraining(id, name, network));
    const tell = (/** @type {any} */ event) => {
      const training = keeper(event);
      if (!isLive(training)) resolve(training);
    };
    begin(id, tell).catch((error) => tell({ type: "error", error: error.message }));
  });
}

/** After a reload: the trainings that were finished before. */
export function recall() {
  const finished = api.ownRuns();
  if (finished.length)
    store.set({
      finished,
      training: finished[finished.length - 1],
      compared: finished[finished.length - 2] ?? null,
    });
}

/** Keep the record in the store and show the latest moment while it grows. @param {Training} first */
function keep(first) {
  let training = first;
  let shown = 0; // snapshots
  let due = 0; // the next picture
  let timer = 0;
  const { finished } = store.get();
  store.set({ training, compared: finished.filter(({ id }) => id !== first.id).pop() ?? null });
  const isShown = () => store.get().training?.id === training.id;

  function show() {
    clearTimeout(timer);
    timer = 0;
    due = performance.now() + (isDrawing() ? PICTURE_WHILE_DRAWING : PICTURE);
    if (!isShown()) return;
    store.set({ training });
    if (training.snapshots.length > shown) showMoment(training, training.snapshots.length - 1);
    shown = training.snapshots.length;
  }

  return (/** @type {any} */ event) => {
    training = after(training, event);
    if (["done", "stopped"].includes(training.status)) training = remember(training);
    const wait = due - performance.now();
    if (!["steps", "snapshot", "epoch"].includes(event.type) || wait <= 0) show();
    else timer ||= window.setTimeout(show, wait);
    if (["end", "stopped"].includes(event.type) && isShown()) present(training);
    return training;
  };
}

/** Among the finished ones, unless it never began. @param {Training} training @returns {Training} with its number */
function remember(training) {
  if (training.points.length === 0) return training;
  const { finished } = store.get();
  const numbered = {
    ...training,
    number: 1 + Math.max(0, ...finished.map(({ number }) => number)),
  };
  const kept = [...finished.filter(({ id }) => id !== training.id), numbered].slice(-KEPT);
  store.set({ finished: kept });
  api.keepOwnRuns(kept).catch((error) => store.set({ error: error.message }));
  return numbered;
}

/** Let the whole page show what a training has ended with. @param {Training} training */
export async function present(training) {
  if (training.weights && training.testAccuracy !== null)
    await useRun(training.id).catch((error) => store.set({ error: error.message }));
  else showMoment(training, training.snapshots.length - 1);
}
