/**
 * Trainings in workers: one beside the page for what the reader watches, and for an experiment as many as there are
 * cores. Nobody waits for anybody, for every browser trains for itself.
 *
 * @typedef {import("./network/spec.js").Network} Network
 * @typedef {{recipe: any, network: Network, changes?: Record<string, unknown>, seed?: number, snapshots?: number}} TrainingOrder
 * @typedef {{network: Network, weights: import("./network/safetensors.js").Weights, seed?: number, snapshots?: number,
 *   mine?: dataset.Digits, judged?: dataset.Digits, name?: string}} TuningOrder `mine`: to learn, by default the reader's collection;
 *   `judged`: to count before and after, by default the same; `name`: of the network that learns on
 */

import * as api from "./api.js";
import * as dataset from "./dataset.js";
import { t, translated } from "./texts.js";

const ALL = 60_000; // epochs are counted of these, however many of them are fetched
const PART = 10_000;
const MOST_WORKERS = 4;
const REHEARSAL = 10_000;
const MOST_THREADS = 8;

/** How many threads train together: as many as there are cores, in a page that may share memory. */
export const threads = globalThis.crossOriginIsolated
  ? Math.min(MOST_THREADS, navigator.hardwareConcurrency ?? 1)
  : 1;

/** @type {Map<string, Worker>} */
const working = new Map();

/**
 * Train from scratch beside the page. Images are fetched as far as the training will get.
 * @param {string} id
 * @param {TrainingOrder} order
 * @param {(event: any) => void} onEvent
 */
export async function train(
  id,
  { recipe, network, changes = {}, seed = 0, snapshots = 40 },
  onEvent,
) {
  const wanted = { ...recipe, ...changes, network };
  const tell = (/** @type {string} */ text) => onEvent({ type: "queued", text });
  const [module, data, test] = await Promise.all([
    api.engineModule(threads > 1),
    dataset.trainingDigits(needed(wanted), tell),
    dataset.testDigits(),
  ]);
  return begin(id, { module, recipe: onFewer(wanted, data), seed, data, test, snapshots }, onEvent);
}

/**
 * Train on with the reader's own drawings.
 * @param {string} id
 * @param {TuningOrder} order
 * @param {(event: any) => void} onEvent
 */
export async function finetune(id, order, onEvent) {
  const { network, weights, seed = 0, snapshots = 20, name = network.name } = order;
  const tell = (/** @type {string} */ text) => onEvent({ type: "queued", text });
  const mine = order.mine ?? (await collected());
  const judged = order.judged ?? mine;
  const [module, data, test] = await Promise.all([
    api.engineModule(threads > 1),
    dataset.trainingDigits(REHEARSAL, tell),
    dataset.testDigits(),
  ]);
  return begin(
    id,
    { module, recipe: { name, network }, seed, data, test, snapshots, weights, mine, judged },
    onEvent,
  );
}

/** The reader's own drawings. @returns {Promise<dataset.Digits>} */
async function collected() {
  const drawings = await api.collection();
  return dataset.inARow(
    drawings.map(({ image }) => image),
    drawings.map(({ label }) => label),
  );
}

/**
 * Take a few steps with a network on some digits, and tell the seconds that each took.
 * @param {{recipe: any, network: Network, digits: dataset.Digit[], steps: number, threads: number}} attempt all digits are
 *   one batch
 * @returns {Promise<number[]>}
 */
export async function trySteps({ recipe, network, digits, steps, threads }) {
  const data = dataset.inARow(
    digits.map(({ pixels }) => pixels),
    digits.map(({ label }) => label),
  );
  const wanted = { ...recipe, network, batch_size: digits.length, epochs: steps };
  const module = await api.engineModule(threads > 1);
  return new Promise((resolve, reject) => {
    const worker = newWorker();
    /** @type {number[]} */
    const seconds = [];
    worker.onmessage = ({ data: event }) => {
      if (event.type === "steps")
        seconds.push(...event.steps.map((/** @type {any} */ step) => step.seconds));
      if (event.type !== "end" && event.type !== "error") return;
      worker.terminate();
      if (event.type === "error") reject(new Error(event.error));
      else resolve(seconds.map((at, i) => at - (seconds[i - 1] ?? 0)));
    };
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage({
      type: "begin",
      order: { module, recipe: wanted, seed: 0, data, test: null, snapshots: 0, threads },
    });
  });
}

/**
 * @param {string} id
 * @param {any} order
 * @param {(event: any) => void} onEvent
 */
function begin(id, order, onEvent) {
  const worker = newWorker();
  working.set(id, worker);
  const end = () => {
    worker.terminate();
    working.delete(id);
  };
  worker.onmessage = ({ data: event }) => {
    if (["end", "stopped", "error"].includes(event.type)) end();
    onEvent(event.type === "error" ? { ...event, error: translated(event.error) } : event);
  };
  worker.onerror = (event) => {
    end();
    onEvent({ type: "error", error: event.message || t("the training could not be started") });
  };
  worker.postMessage({ type: "begin", order: { ...order, threads } });
}

const newWorker = () =>
  new Worker(new URL("./engine/worker.js", import.meta.url), { type: "module" });

/**
 * Lead a training that is under way: pause it, let it take steps, set its pace or its learning rate, stop it.
 * @param {string} id
 * @param {{paused?: boolean, steps?: number, stopped?: boolean, pace?: number, rate?: number}} wishes
 */
export function lead(id, wishes) {
  working.get(id)?.postMessage({ type: "lead", ...wishes });
}

/** How many images a training looks at, in whole parts. @param {{epochs: number}} recipe */
const needed = ({ epochs }) => Math.min(ALL, Math.ceil((epochs * ALL) / PART) * PART);

/** The recipe for a part of the images that takes as many steps as on all. @param {any} recipe @param {dataset.Digits} data */
const onFewer = (recipe, { labels }) => ({
  ...recipe,
  epochs: (recipe.epochs * ALL) / labels.length,
});

/** How many trainings of an experiment go on beside each other, each on one thread. @param {number} all of them */
export const atOnce = (all) =>
  Math.min(MOST_WORKERS, Math.max(1, (navigator.hardwareConcurrency ?? 2) - 1), all);

/**
 * The same training for each value of a knob and each seed, judged on images held out; results as they come.
 * @param {{recipe: any, network: Network, knob: string, values: unknown[], seeds: number}} experiment
 * @param {(news: {text?: string, result?: {value: unknown, seed: number, accuracy: number | null}}) => void} onNews
 * @returns {{done: Promise<void>, stop: () => void}}
 */
export function experiment({ recipe, network, knob, values, seeds }, onNews) {
  /** Seed by seed, so that an early stop has something of every value. */
  const waiting = Array.from({ length: seeds }, (_, seed) =>
    values.map((value) => ({ value, seed })),
  ).flat();
  let stopped = false;
  /** @type {Set<() => void>} */
  const enders = new Set();

  async function run() {
    const recipes = values.map((value) => ({ ...recipe, [knob]: value, network }));
    const most = Math.min(dataset.mostToLearn(), Math.max(...recipes.map(needed)));
    const tell = (/** @type {string} */ text) => onNews({ text });
    const [module, data, test] = await Promise.all([
      api.engineModule(),
      dataset.trainingDigits(most, tell),
      dataset.heldOutDigits(),
    ]);
    const workers = Array.from({ length: atOnce(waiting.length) });
    await Promise.all(workers.map(() => take(module, data, test)));
  }

  /** @param {WebAssembly.Module} module @param {dataset.Digits} data @param {dataset.Digits} test */
  async function take(module, data, test) {
    for (let next = waiting.shift(); next && !stopped; next = waiting.shift()) {
      const { value, seed } = next;
      const order = {
        module,
        recipe: onFewer({ ...recipe, [knob]: value, network }, data),
        seed,
        data,
        test,
        snapshots: 0,
      };
      const accuracy = await new Promise(
        (/** @type {(accuracy: number | null | undefined) => void} */ resolve) => {
          const worker = newWorker();
          const end = () => {
            worker.terminate();
            resolve(undefined);
          };
          enders.add(end);
          worker.onmessage = ({ data: event }) => {
            if (event.type !== "end" && event.type !== "error") return;
            enders.delete(end);
            worker.terminate();
            resolve(event.test_accuracy ?? null);
          };
          worker.onerror = () => resolve(null);
          worker.postMessage({ type: "begin", order });
        },
      );
      if (accuracy !== undefined) onNews({ result: { value, seed, accuracy } });
    }
  }

  return {
    done: run(),
    stop: () => {
      stopped = true;
      for (const end of enders) end();
    },
  };
}
