/**
 * The loss as a function of all weights, over a fixed set of digits: without dropout, and with batch norm by the batch,
 * as in training. The counterpart of what `exmachina.inspection` measures its surfaces with.
 *
 * @typedef {import("../network/spec.js").Network} Network
 * @typedef {import("./model.js").OptimizerSettings} OptimizerSettings
 * @typedef {{images: Uint8Array, labels: Uint8Array}} Digits bytes (N, H, W) in a row, and their labels
 */

import { Model, optimizerNumber, PLAIN } from "./model.js";
import { learnedMask } from "./shapes.js";

/** The same network with nothing left to chance. @param {Network} network @returns {Network} */
const withoutDropout = (network) => ({
  ...network,
  layers: network.layers.map((layer) => (layer.type === "Dropout" ? { ...layer, rate: 0 } : layer)),
});

export class Loss {
  /**
   * @param {import("./engine.js").Engine} engine
   * @param {Network} network
   * @param {Digits} digits
   */
  constructor(engine, network, { images, labels }) {
    this.size = labels.length;
    this.model = new Model(engine, withoutDropout(network), { learns: this.size });
    this.model.prepare(PLAIN);
    this.images = engine.place(images);
    this.labels = engine.place(labels);
    this.learned = learnedMask(this.model.shapes);
  }

  /** The mean loss. @param {Float32Array} numbers all weights in a row, see `flattened` */
  at(numbers) {
    this.model.setNumbers(numbers);
    return this.model.measure(this.images, this.labels, this.size).loss;
  }

  /**
   * The mean loss and its gradient, which is zero for what is not learned.
   * @param {Float32Array} numbers
   * @returns {{loss: number, gradient: Float32Array}}
   */
  gradient(numbers) {
    this.model.setNumbers(numbers);
    const { loss } = this.model.measure(this.images, this.labels, this.size, { gradient: true });
    const gradient = this.model.numbers("gradients").map((g, i) => (this.learned[i] ? g : 0));
    return { loss, gradient };
  }
}

/** An optimizer on its way, with weights of its own; its step is the very one that a training takes. */
export class Walker {
  /**
   * @param {import("./engine.js").Engine} engine
   * @param {OptimizerSettings} settings
   * @param {Float32Array} numbers where it sets out from
   */
  constructor(engine, settings, numbers) {
    this.engine = engine;
    this.settings = settings;
    this.size = numbers.length;
    this.steps = 0;
    this.here = engine.place(numbers);
    this.slope = engine.reserve(4 * this.size);
    this.first = engine.reserve(4 * this.size);
    this.second = engine.reserve(4 * this.size);
  }

  /** Where it is, and what it remembers of each number's gradients: copies. */
  state() {
    const copy = (/** @type {number} */ place) => this.engine.floats(place, this.size).slice();
    return { numbers: copy(this.here), first: copy(this.first), second: copy(this.second) };
  }

  /** Begin again somewhere, with nothing remembered. @param {Float32Array} numbers */
  reset(numbers) {
    this.steps = 0;
    this.engine.floats(this.here, this.size).set(numbers);
    for (const place of [this.first, this.second]) this.engine.floats(place, this.size).fill(0);
  }

  /** One step along a gradient. @param {Float32Array} gradient @param {number} rate */
  step(gradient, rate) {
    const { optimizer, betas, momentum, rho, epsilon, weight_decay } = this.settings;
    this.engine.floats(this.slope, this.size).set(gradient);
    this.steps += 1;
    const options = [...betas, momentum, rho, epsilon, weight_decay];
    const arrays = [this.here, this.slope, this.first, this.second];
    this.engine.call(
      "optimize",
      optimizerNumber(optimizer),
      ...options,
      this.steps,
      rate,
      ...arrays,
      this.size,
    );
  }
}
