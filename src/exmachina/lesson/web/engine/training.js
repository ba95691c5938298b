/**
 * Training from scratch, a step at a time: the page's half of `exmachina.train`, batch for batch the same.
 *
 * @typedef {import("./model.js").OptimizerSettings & {network: import("../network/spec.js").Network,
 *   learning_rate: number, schedule: "constant"|"one_cycle", warmup: number, batch_size: number, epochs: number,
 *   freeze_first_after?: number, augmentation?: Record<string, number>}} Recipe as `recipe.to_json` writes it, with the network itself
 * @typedef {{step: number, epoch: number, loss: number, accuracy: number, rate: number}} StepEnd step and epoch from 1
 */

import { halves, Model } from "./model.js";

const CHANGES = [
  "shift",
  "rotation",
  "scale",
  "shear",
  "elastic",
  "pen",
  "hardness",
  "light",
  "noise",
  "aspect",
  "occlusion",
  "convolution",
];

export class Training {
  /**
   * @param {import("./engine.js").Engine} engine
   * @param {Recipe} recipe
   * @param {{images: Uint8Array, labels: Uint8Array}} data bytes (N, H, W) in a row, and their labels
   * @param {number} seed
   * @param {number} [threads]
   */
  constructor(engine, recipe, { images, labels }, seed, threads = 1) {
    this.engine = engine;
    this.recipe = recipe;
    this.seed = seed;
    this.images = engine.place(images);
    this.labels = engine.place(labels);
    this.count = labels.length;
    this.order = engine.reserve(4 * this.count);
    this.stepsPerEpoch = Math.ceil(this.count / recipe.batch_size);
    this.steps = engine.call("training_steps", recipe.epochs, this.stepsPerEpoch);
    this.done = 0;
    this.model = new Model(engine, recipe.network, { learns: recipe.batch_size, threads });
    this.model.initialize(seed);
    this.model.prepare(recipe, numbers(recipe.augmentation));
  }

  /** Take the next step. @returns {StepEnd} */
  step() {
    const { engine, recipe, seed, done, stepsPerEpoch } = this;
    const epoch = Math.floor(done / stepsPerEpoch);
    const from = (done % stepsPerEpoch) * recipe.batch_size;
    if (from === 0) engine.call("shuffle", this.order, this.count, ...halves(seed), epoch);
    if (done === Math.floor((recipe.freeze_first_after ?? 1) * this.steps))
      this.model.freezeFirst();
    const cycle = recipe.schedule === "one_cycle" ? 1 : 0;
    const rate = engine.call(
      "learning_rate",
      recipe.learning_rate,
      cycle,
      recipe.warmup,
      done,
      this.steps,
    );
    const count = Math.min(recipe.batch_size, this.count - from);
    const batch = { images: this.images, labels: this.labels, order: this.order + 4 * from, count };
    const { loss, accuracy } = this.model.learn(batch, rate, seed, done);
    this.done += 1;
    return { step: this.done, epoch: epoch + 1, loss, accuracy, rate };
  }
}

/**
 * The twelve numbers of an augmentation in the engine's order and units; its angles are radians.
 * @param {Record<string, number>} [augmentation]
 */
function numbers(augmentation = {}) {
  return CHANGES.map(
    (name) => (augmentation[name] ?? 0) * (name === "rotation" ? Math.PI / 180 : 1),
  );
}
