/**
 * The engine beside the page: it learns here while the page goes on answering strokes.
 *
 * Messages in: `{type: "begin", order}`, then as often as wanted `{type: "lead", ...}` with any of `paused`, `steps` (to
 * take while paused), `stopped`, `pace` (steps a second; 0: as fast as it can) and `rate` (the learning rate from now on).
 * Messages out: the events of `exmachina.train`, as plain data.
 *
 * @typedef {{images: Uint8Array, labels: Uint8Array}} Digits
 * @typedef {{module: WebAssembly.Module, recipe: import("./training.js").Recipe & {name?: string}, seed: number, data: Digits,
 *   test: Digits | null, snapshots: number, threads?: number, weights?: import("../network/safetensors.js").Weights,
 *   mine?: Digits, judged?: Digits}} Order with `weights` and `mine`, a fine-tuning, which tells how `judged` is read
 *   before and after
 */

import { score } from "../network/assess.js";
import { t } from "../texts.js";
import { Engine } from "./engine.js";
import { FineTuning, recipe as tuning } from "./finetuning.js";
import { Model } from "./model.js";
import { Training } from "./training.js";

const SNAPSHOT_BYTES = 32 << 20; // of one training, in all
const BREATH = 8; // milliseconds between two looks at the messages
const NEWS = 50; // milliseconds between two messages about steps

const lead = { paused: false, steps: 0, stopped: false, pace: 0, rate: 0 };
let wake = () => {};

self.onmessage = ({ data: { type, order, ...wishes } }) => {
  if (type === "begin")
    carryOut(order).catch((error) => post({ type: "error", error: error.message }));
  Object.assign(lead, wishes);
  wake();
};

/** @param {any} event @param {Transferable[]} [transfer] */
const post = (event, transfer = []) => self.postMessage(event, { transfer });

/** @param {Order} order */
async function carryOut(order) {
  const { recipe, seed, data, test, mine, threads = 1 } = order;
  const judged = order.judged ?? mine;
  let start = performance.now();
  const engine = new Engine(order.module);
  const own = mine && order.weights ? { mine, weights: order.weights } : null;
  const learner = own
    ? new FineTuning(
        engine,
        recipe.network,
        own.weights,
        { mine: own.mine, rehearsal: data },
        seed,
        threads,
      )
    : new Training(engine, recipe, data, seed, threads);
  invite(learner.model, threads);
  const before = own
    ? {
        collection: judged && read(learner.model, judged).accuracy,
        test: test && read(learner.model, test).accuracy,
      }
    : null;
  const seconds = () => (performance.now() - start) / 1000;
  const moments = chooseMoments(learner.steps, order.snapshots, learner.model);
  const epoch = { loss: 0, accuracy: 0, steps: 0 };
  /** @type {any[]} */
  let news = [];
  let told = performance.now();
  let breath = told;
  /** @type {{step: number, learning_rate: number}[]} */
  const turns = [];
  const settings = own ? { ...tuning, name: `${recipe.name} + mine` } : recipe;
  const images = (own ? own.mine : data).labels.length;
  post({
    type: "started",
    steps: learner.steps,
    network: recipe.network,
    origin: { recipe: { ...settings, network: recipe.network.name }, seed, images },
  });
  tellMoment(0);
  while (learner.done < learner.steps) {
    if (lead.paused || lead.pace || performance.now() - breath > BREATH) {
      const waited = performance.now();
      await turn(tellSteps);
      if (performance.now() - waited > BREATH) start += performance.now() - waited; // what the reader made it wait
      breath = performance.now();
      if (lead.stopped) break;
      if (lead.rate && "recipe" in learner && learner.recipe.learning_rate !== lead.rate) {
        learner.recipe = { ...learner.recipe, learning_rate: lead.rate };
        turns.push({ step: learner.done, learning_rate: lead.rate });
      }
    }
    const end = learner.step();
    if (!Number.isFinite(end.loss))
      throw new Error(t("The loss became infinite; try a lower learning rate."));
    epoch.loss += end.loss;
    epoch.accuracy += end.accuracy;
    epoch.steps += 1;
    news.push({ type: "step", ...end, seconds: seconds() });
    if (moments.has(end.step)) tellMoment(end.step);
    if (end.step % learner.stepsPerEpoch === 0 || end.step === learner.steps) {
      tellSteps();
      post({
        type: "epoch",
        epoch: end.epoch,
        step: end.step,
        loss: epoch.loss / epoch.steps,
        accuracy: epoch.accuracy / epoch.steps,
      });
      epoch.loss = epoch.accuracy = epoch.steps = 0;
    }
    if (lead.paused || lead.pace || performance.now() - told > NEWS) tellSteps();
  }
  tellSteps();
  const weights = learner.model.weights();
  const tested = test && !lead.stopped ? read(learner.model, test) : null;
  const after = own
    ? { collection: judged && read(learner.model, judged).accuracy, test: tested?.accuracy ?? null }
    : null;
  post({
    type: lead.stopped ? "stopped" : "end",
    weights,
    test_accuracy: tested?.accuracy ?? null,
    test_loss: tested?.loss ?? null,
    logits: tested?.logits ?? null,
    train_seconds: seconds(),
    step: learner.done,
    turns,
    before,
    after,
  });

  function tellSteps() {
    if (news.length) post({ type: "steps", steps: news });
    news = [];
    told = performance.now();
  }

  /** @param {number} step */
  function tellMoment(step) {
    if (!moments.has(step)) return;
    tellSteps();
    const weights = learner.model.weights();
    post(
      { type: "snapshot", step, weights },
      Object.values(weights).map(({ values }) => values.buffer),
    );
  }
}

/** Start the other threads of a model; they end with this worker. @param {Model} model @param {number} threads */
function invite({ engine, address }, threads) {
  for (let thread = 1; thread < threads; thread++)
    new Worker(new URL("./helper.js", import.meta.url), { type: "module" }).postMessage(
      engine.invitation(address, thread),
    );
}

/**
 * Wait as the reader wishes: for a step to be allowed, for the pace, or only for messages to come in.
 * @param {() => void} tellSteps
 */
async function turn(tellSteps) {
  await sleep(lead.pace && !lead.paused ? 1000 / lead.pace : 0);
  const waits = () => lead.paused && lead.steps === 0 && !lead.stopped;
  const waited = waits();
  if (waited) {
    tellSteps();
    post({ type: "paused" });
  }
  while (waits()) await new Promise((resolve) => (wake = () => resolve(null)));
  if (lead.paused && lead.steps > 0) lead.steps -= 1;
  else if (waited && !lead.stopped) post({ type: "resumed" });
}

const channel = new MessageChannel();

/** @param {number} milliseconds */
function sleep(milliseconds) {
  if (milliseconds > 0)
    return new Promise((resolve) => {
      setTimeout(resolve, milliseconds);
      wake = () => resolve(null);
    });
  return new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null); // a timer would wait four milliseconds
  });
}

/**
 * Steps after which the weights are kept: many at first, when most happens.
 * @param {number} steps
 * @param {number} wanted
 * @param {Model} model
 */
function chooseMoments(steps, wanted, model) {
  const bytes =
    4 *
    Object.values(model.shapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const most = Math.min(wanted, Math.floor(SNAPSHOT_BYTES / bytes), steps + 1);
  return new Set(
    most < 2
      ? []
      : Array.from({ length: most }, (_, i) => Math.round(steps * (i / (most - 1)) ** 1.5)),
  );
}

/** @param {Model} model @param {Digits} digits */
function read(model, { images, labels }) {
  const logits = model.logits(model.engine.place(images), labels.length);
  return { logits, ...score(logits, labels) };
}
