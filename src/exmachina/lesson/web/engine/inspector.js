/**
 * The engine beside the page, looking into networks: gradients, losses and what layers make of many digits.
 *
 * Messages in: `{id, module, task, given}`. Out: `{id, news}` as often as there is some, then `{id, answer}` or
 * `{id, error}`. Whoever wants an answer no more lets go of the worker.
 *
 * @typedef {import("../network/spec.js").Network} Network
 * @typedef {import("../network/safetensors.js").Weights} Weights
 * @typedef {import("./loss.js").Digits} Digits
 * @typedef {import("./model.js").OptimizerSettings} OptimizerSettings
 */

import { principalComponents } from "../network/components.js";
import { argmax } from "../network/forward.js";
import { count } from "../network/spec.js";
import { Engine } from "./engine.js";
import { Loss, Walker } from "./loss.js";
import { Model } from "./model.js";
import { numbersAt, planeOfTrajectory, randomPlane, square, surface } from "./plane.js";
import { flattened, unflattened } from "./shapes.js";

const NEWS = 120; // milliseconds between two messages about the same task

/** @typedef {(news: any) => void} Tell */
/** @type {Record<string, (module: WebAssembly.Module, given: any, tell: Tell) => any>} */
const TASKS = { explain, embed, slice, weigh, look, curve, step };

self.onmessage = ({ data: { id, module, task, given } }) => {
  try {
    self.postMessage({
      id,
      answer: TASKS[task](module, given, (news) => self.postMessage({ id, news })),
    });
  } catch (error) {
    self.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
};

/** The last thing made for a network; another network gets an engine of its own, for memory is not given back. */
/** @template T @param {(engine: Engine, network: Network) => T} make @returns {(module: WebAssembly.Module, network: Network) => T} */
function kept(make) {
  let key = "";
  /** @type {T | undefined} */
  let last;
  return (module, network) => {
    const wanted = JSON.stringify(network);
    if (last === undefined || wanted !== key) last = make(new Engine(module), network);
    key = wanted;
    return last;
  };
}

// ---- one image, traced back ----

const explainer = kept(
  (engine, network) => new Model(engine, network, { keepsValues: true, explains: true }),
);

/** @param {WebAssembly.Module} module @param {{network: Network, weights: Weights, image: Uint8Array, label: number}} given */
function explain(module, { network, weights, image, label }) {
  const model = explainer(module, network);
  model.setWeights(weights);
  return model.explain(image, label);
}

// ---- many digits, moment after moment ----

const SIDES = 4; // principal components, to be looked at in pairs

/**
 * What the layer before the last makes of digits, moment after moment, on the principal components of its last moment:
 * the points move, the axes do not.
 * @param {WebAssembly.Module} module
 * @param {{network: Network, snapshots: Weights[], digits: Digits}} given
 * @param {Tell} tell
 * @returns {{places: Float32Array[], read: Uint8Array[], shares: number[], size: number}} of each moment every digit's
 *   coordinates (N, SIDES) and what it is read as; `shares`: the parts of the last moment's variance on the axes; `size`:
 *   values of the layer
 */
function embed(module, { network, snapshots, digits: { images, labels } }, tell) {
  const engine = new Engine(module);
  const model = new Model(engine, network, { keepsValues: true });
  const placed = engine.place(images);
  const [before, last] = model.steps.slice(-2);
  const size = count(before.output);
  const n = labels.length;
  const moments = snapshots.map((weights, i) => {
    tell({ done: i / snapshots.length });
    model.setWeights(weights);
    const [values, logits] = model.values(placed, n, [before.layer.name, last.layer.name]);
    const classes = logits.length / n;
    const read = Uint8Array.from({ length: n }, (_, j) =>
      argmax(logits.subarray(j * classes, (j + 1) * classes)),
    );
    return { values, read };
  });
  const end = moments[moments.length - 1].values;
  const mean = new Float64Array(size);
  end.forEach((value, i) => (mean[i % size] += value / n));
  const rows = (/** @type {Float32Array} */ values) =>
    Array.from({ length: n }, (_, j) =>
      Float64Array.from(mean, (middle, i) => values[j * size + i] - middle),
    );
  const { axes, shares } = principalComponents(rows(end), SIDES);
  const places = moments.map(({ values }) =>
    Float32Array.from(
      rows(values).flatMap((row) =>
        axes.map((axis) => row.reduce((sum, v, i) => sum + v * axis[i], 0)),
      ),
    ),
  );
  return { places, read: moments.map(({ read }) => read), shares, size };
}

// ---- a slice of the loss ----

/**
 * The loss over a plane through weight space: that of the moments of a training, or a random one around one network.
 * @param {WebAssembly.Module} module
 * @param {{network: Network, snapshots: Weights[], digits: Digits, size: number, seed: number}} given with one snapshot, a
 *   random plane around it
 * @param {Tell} tell first of the walk, then of the losses as they come
 */
function slice(module, { network, snapshots, digits, size, seed }, tell) {
  const loss = new Loss(new Engine(module), network, digits);
  const walk =
    snapshots.length > 2
      ? planeOfTrajectory(network, snapshots)
      : {
          plane: randomPlane(network, snapshots[0], seed),
          points: [/** @type {[number, number]} */ ([0, 0])],
          share: 0,
        };
  const { plane, points, share } = walk;
  const bounds = points.length > 1 ? square(points) : { x: [-1, 1], y: [-1, 1] };
  const heights = snapshots.map((weights) => loss.at(flattened(loss.model.shapes, weights)));
  tell({ walk: { points, share, bounds, losses: heights } });
  let told = performance.now();
  for (const { losses, done } of surface((a, b) => loss.at(numbersAt(plane, a, b)), bounds, size)) {
    if (done < 1 && performance.now() - told < NEWS) continue;
    tell({ losses, done });
    told = performance.now();
  }
}

// ---- one weight, and the optimizers that step with all of them ----

/** @typedef {{walker: Walker, loss: number, gradient: Float32Array, losses: number[]}} Walk */

/** @type {{loss: Loss, walks: Record<string, Walk>} | null} */
let session = null;
let sessionKey = "";

/**
 * Let optimizers set out from the same weights, over the same digits.
 * @param {WebAssembly.Module} module
 * @param {{network: Network, weights: Weights, digits: Digits, optimizers: Record<string, OptimizerSettings>}} given
 */
function weigh(module, { network, weights, digits, optimizers }) {
  const key = JSON.stringify([network, optimizers]);
  if (key !== sessionKey) session = null;
  sessionKey = key;
  const engine = session?.loss.model.engine ?? new Engine(module);
  const loss = session?.loss ?? new Loss(engine, network, digits);
  const start = flattened(loss.model.shapes, weights);
  const here = loss.gradient(start);
  const walks = Object.entries(optimizers).map(([name, settings]) => {
    const walker = session?.walks[name].walker ?? new Walker(engine, settings, start);
    walker.reset(start);
    return [name, { walker, ...here, losses: [here.loss] }];
  });
  session = { loss, walks: Object.fromEntries(walks) };
  return { loss: here.loss, gradient: unflattened(loss.model.shapes, here.gradient) };
}

const current = () => {
  if (!session) throw new Error("No optimizer has set out yet.");
  return session;
};

/** Where a tensor begins among all numbers. @param {string} tensor */
function placeOf(tensor) {
  let at = 0;
  for (const [name, shape] of Object.entries(current().loss.model.shapes)) {
    if (name === tensor) return at;
    at += count(shape);
  }
  throw new Error(`There is no ${tensor}.`);
}

/** What each optimizer knows of a tensor. @param {WebAssembly.Module} _ @param {{tensor: string}} given */
function look(_, { tensor }) {
  const { loss, walks } = current();
  const from = placeOf(tensor);
  const to = from + count(loss.model.shapes[tensor]);
  return Object.fromEntries(
    Object.entries(walks).map(([name, { walker, gradient, losses }]) => {
      const { numbers, first, second } = walker.state();
      const [weights, slopes, one, two] = [numbers, gradient, first, second].map((row) =>
        row.slice(from, to),
      );
      return [
        name,
        { steps: walker.steps, losses, weights, gradient: slopes, first: one, second: two },
      ];
    }),
  );
}

/**
 * The loss as one weight alone takes other values, the others staying where an optimizer has brought them.
 * @param {WebAssembly.Module} _
 * @param {{optimizer: string, tensor: string, position: number, values: number[]}} given
 */
function curve(_, { optimizer, tensor, position, values }) {
  const { loss, walks } = current();
  const { numbers } = walks[optimizer].walker.state();
  const at = placeOf(tensor) + position;
  return values.map((value) => {
    numbers[at] = value;
    return loss.at(numbers);
  });
}

/** Every optimizer takes steps, all weights at once. @param {WebAssembly.Module} _ @param {{rates: Record<string, number>, count: number}} given */
function step(_, { rates, count: wanted }) {
  const { loss, walks } = current();
  for (const [name, walk] of Object.entries(walks))
    for (let i = 0; i < wanted; i++) {
      walk.walker.step(walk.gradient, rates[name]);
      Object.assign(walk, loss.gradient(walk.walker.state().numbers));
      walk.losses = [...walk.losses, walk.loss];
    }
}
