/**
 * Fine-tuning a step at a time: the page's half of `exmachina.finetune`, batch for batch the same.
 *
 * @typedef {import("../network/safetensors.js").Weights} Weights
 * @typedef {{images: Uint8Array, labels: Uint8Array}} Digits bytes (N, H, W) in a row, and their labels
 */

import { halves, Model, PLAIN } from "./model.js";

const [STEPS, BATCH, OWN] = [60, 128, 32]; // images a step, and how many of them are the reader's
const JITTER = [2, (8 * Math.PI) / 180, ...Array(10).fill(0)]; // pixels, radians
const RATE = 3e-4;
const WARMUP = 0.1;
/** @type {import("./model.js").OptimizerSettings} */
const SETTINGS = { ...PLAIN, optimizer: "adamw", momentum: 0.9 };

/** The same as `tuned_recipe` in the library, but for its name and network. */
export const recipe = {
  ...SETTINGS,
  learning_rate: RATE,
  schedule: "one_cycle",
  warmup: WARMUP,
  batch_size: BATCH,
  epochs: 1,
};

export class FineTuning {
  /**
   * @param {import("./engine.js").Engine} engine
   * @param {import("../network/spec.js").Network} network
   * @param {Weights} weights to begin with
   * @param {{mine: Digits, rehearsal: Digits}} data
   * @param {number} seed
   * @param {number} [threads]
   */
  constructor(engine, network, weights, { mine, rehearsal }, seed, threads = 1) {
    this.engine = engine;
    this.seed = seed;
    this.mine = mine;
    this.rehearsal = rehearsal;
    const [, height, width] = network.input_shape;
    this.height = height;
    this.width = width;
    this.pixels = network.input_shape.reduce((product, side) => product * side, 1);
    this.steps = this.stepsPerEpoch = STEPS;
    this.done = 0;
    this.model = new Model(engine, network, { learns: BATCH, threads });
    this.model.setWeights(weights);
    this.model.prepare(SETTINGS);
    this.labels = engine.reserve(BATCH);
    this.batch = engine.reserve(4 * BATCH * this.pixels);
    this.own = engine.reserve(4 * OWN * this.pixels);
    this.changes = engine.place(Float32Array.from(JITTER));
    this.scratch = engine.reserve(4 * engine.call("augment_scratch", this.height, this.width));
    this.orders = {
      mine: engine.reserve(4 * mine.labels.length),
      rehearsal: engine.reserve(4 * rehearsal.labels.length),
    };
  }

  /** Take the next step. @returns {import("./training.js").StepEnd} */
  step() {
    const { engine, seed, done } = this;
    const rate = engine.call("learning_rate", RATE, 1, WARMUP, done, this.steps);
    this.fill("mine", 0, OWN, this.own);
    const arrays = [this.scratch, this.batch];
    engine.call(
      "augment",
      this.own,
      OWN,
      this.height,
      this.width,
      this.changes,
      ...halves(seed),
      done,
      ...arrays,
    );
    this.fill("rehearsal", OWN, BATCH - OWN, this.batch + 4 * OWN * this.pixels);
    const { loss, accuracy } = this.model.learnPixels(
      this.batch,
      this.labels,
      BATCH,
      rate,
      seed,
      done,
    );
    this.done += 1;
    return { step: this.done, epoch: 1, loss, accuracy, rate };
  }

  /**
   * Put the images whose turn it is, as numbers from 0 to 1, at an address, and their labels after the first `from`.
   * @param {"mine" | "rehearsal"} part
   * @param {number} from
   * @param {number} size
   * @param {number} to
   */
  fill(part, from, size, to) {
    const { images, labels } = this[part];
    const pixels = this.engine.floats(to, size * this.pixels);
    const places = new Uint8Array(this.engine.memory.buffer, this.labels + from, size);
    this.inTurn(part, size).forEach((number, i) => {
      places[i] = labels[number];
      for (let p = 0; p < this.pixels; p++)
        pixels[i * this.pixels + p] = images[number * this.pixels + p] / 255;
    });
  }

  /** All of them once in a random order, then again in another. @param {"mine" | "rehearsal"} part @param {number} size */
  inTurn(part, size) {
    const count = this[part].labels.length;
    return Array.from({ length: size }, (_, i) => {
      const at = this.done * size + i;
      return this.shuffled(part, Math.floor(at / count))[at % count];
    });
  }

  /** @param {"mine" | "rehearsal"} part @param {number} round */
  shuffled(part, round) {
    const count = this[part].labels.length;
    if (this.rounds?.[part] !== round) {
      this.engine.call("shuffle", this.orders[part], count, ...halves(this.seed), round);
      this.rounds = { ...this.rounds, [part]: round };
    }
    return new Int32Array(this.engine.memory.buffer, this.orders[part], count);
  }
}
