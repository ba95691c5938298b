/**
 * A network in the engine's memory: it reads and learns. The counterpart of `exmachina.engine.Model`.
 *
 * @typedef {import("../network/spec.js").Network} Network
 * @typedef {import("../network/safetensors.js").Weights} Weights
 * @typedef {{optimizer: "adadelta"|"adamw"|"sgd", betas: readonly number[], momentum: number, rho: number, epsilon: number,
 *   weight_decay: number, label_smoothing: number}} OptimizerSettings
 * @typedef {{images: number, labels: number, order: number, count: number}} Batch addresses of bytes (M, H, W), labels
 *   (M,) and the numbers of the images to take (count,)
 */

import { count, steps } from "../network/spec.js";
import { flattened, unflattened, weightShapes } from "./shapes.js";

const KINDS = ["Conv2D", "MaxPooling2D", "BatchNormalization", "Dropout", "Flatten", "Dense"];
const ACTIVATIONS = ["linear", "relu", "softmax"];
const OPTIMIZERS = ["adadelta", "adamw", "sgd"];

/** @type {OptimizerSettings} plain descent, to be changed where something else is wanted */
export const PLAIN = {
  optimizer: "sgd",
  betas: [0.9, 0.999],
  momentum: 0,
  rho: 0.95,
  epsilon: 1e-8,
  weight_decay: 0,
  label_smoothing: 0,
};

/** By which the engine knows an optimizer. @param {OptimizerSettings["optimizer"]} optimizer */
export const optimizerNumber = (optimizer) => OPTIMIZERS.indexOf(optimizer);

const WORDS = 8; // of a layer's description
const QUANTITIES = ["weights", "gradients", "first_moments", "second_moments"];
const [LEARN, KEEP, EXPLAIN] = [1, 2, 4];
const [LOSS_ONLY, GRADIENT, UPDATE] = [0, 1, 2];
const ALL = 0; // instead of an order: the first images as they lie

export class Model {
  /**
   * @param {import("./engine.js").Engine} engine
   * @param {Network} network
   * @param {{learns?: number, keepsValues?: boolean, explains?: boolean, threads?: number}} [uses] the largest batch that
   *   it will learn; whether every layer's values can be asked for; whether gradients of an image can; and how many
   *   threads may be invited to work on it
   */
  constructor(
    engine,
    network,
    { learns = 0, keepsValues = false, explains = false, threads = 1 } = {},
  ) {
    this.engine = engine;
    this.network = network;
    this.steps = steps(network);
    this.shapes = weightShapes(network);
    const [channels, height, width] = network.input_shape;
    const uses = (learns ? LEARN : 0) | (keepsValues ? KEEP : 0) | (explains ? EXPLAIN : 0);
    const description = engine.place(describe(network));
    const values = [
      description,
      network.layers.length,
      height,
      width,
      channels,
      uses,
      learns,
      threads,
    ];
    const floats = engine.call(
      "model_floats",
      engine.reserve(engine.call("model_size")),
      ...values,
    );
    if (floats <= 0)
      throw new Error(`The engine has no room for ${network.layers[-floats - 1].name}.`);
    const memory = engine.reserve(4 * floats);
    this.address = engine.call("model_create", memory, ...values, network.mean, network.std);
    this.size = Object.values(this.shapes).reduce((sum, shape) => sum + count(shape), 0);
    this.flat = engine.reserve(4 * this.size);
    /** @type {Record<string, {address: number, bytes: number}>} */
    this.places = {};
  }

  /** @param {number} seed */
  initialize(seed) {
    this.engine.call("model_initialize", this.address, ...halves(seed));
  }

  /** A copy of the weights as they are now, in PyTorch's layout. @returns {Weights} */
  weights() {
    return unflattened(this.shapes, this.numbers());
  }

  /** @param {Weights} weights */
  setWeights(weights) {
    this.setNumbers(flattened(this.shapes, weights));
  }

  /**
   * The weights, or what the optimizer knows of them, as one row of numbers, in the order of `shapes`.
   * @param {"weights" | "gradients" | "first_moments" | "second_moments"} [quantity]
   */
  numbers(quantity = "weights") {
    this.engine.call("model_get", this.address, QUANTITIES.indexOf(quantity), this.flat);
    return this.engine.floats(this.flat, this.size).slice();
  }

  /** @param {Float32Array} numbers weights in a row */
  setNumbers(numbers) {
    this.engine.floats(this.flat, this.size).set(numbers);
    this.engine.call("model_set", this.address, this.flat);
  }

  /**
   * Begin a training: the optimizer forgets its past. `augmentation` is twelve numbers, see `Augmentation.numbers`.
   * @param {OptimizerSettings} settings
   * @param {number[]} [augmentation]
   */
  prepare(settings, augmentation = Array(12).fill(0)) {
    const { optimizer, betas, momentum, rho, epsilon, weight_decay, label_smoothing } = settings;
    const decay = optimizer === "adadelta" ? 0 : weight_decay;
    const options = [...betas, momentum, rho, epsilon, decay, label_smoothing];
    this.engine.call("model_settings", this.address, OPTIMIZERS.indexOf(optimizer), ...options);
    this.engine.call(
      "model_augment",
      this.address,
      this.engine.place(Float32Array.from(augmentation)),
    );
  }

  /** Until `prepare`, the first layer with weights learns no more. */
  freezeFirst() {
    this.engine.call("model_freeze_first", this.address);
  }

  /**
   * One step on a batch; returns its loss and accuracy before the step.
   * @param {Batch} batch
   * @param {number} rate
   * @param {number} seed
   * @param {number} step from 0
   */
  learn({ images, labels, order, count: size }, rate, seed, step) {
    return this.#learn([images, 0, order, labels, size, rate, ...halves(seed), step, UPDATE], size);
  }

  /**
   * The same for pixels from 0 to 1, (count, H, W) at an address.
   * @param {number} pixels
   * @param {number} labels
   * @param {number} size
   * @param {number} rate
   * @param {number} seed
   * @param {number} step from 0
   */
  learnPixels(pixels, labels, size, rate, seed, step) {
    return this.#learn([0, pixels, ALL, labels, size, rate, ...halves(seed), step, UPDATE], size);
  }

  /**
   * The loss of a batch as training sees it, batch norm by the batch, and nothing learned from it. With `gradient`, the
   * gradients can be asked for afterwards.
   * @param {number} images address of bytes
   * @param {number} labels
   * @param {number} size
   * @param {{gradient?: boolean}} [options]
   */
  measure(images, labels, size, { gradient = false } = {}) {
    const how = gradient ? GRADIENT : LOSS_ONLY;
    return this.#learn([images, 0, ALL, labels, size, 0, ...halves(0), 0, how], size);
  }

  /** @param {number[]} values to `model_learn` @param {number} size */
  #learn(values, size) {
    const { engine, address } = this;
    engine.call("model_learn", address, ...values);
    engine.call("model_finish", address);
    return {
      loss: engine.call("model_loss", address),
      accuracy: engine.call("model_right", address) / size,
    };
  }

  /**
   * Values after activation of some layers for `images` bytes at an address; of the last layer the logits.
   * @param {number} images
   * @param {number} size
   * @param {string[]} names
   * @returns {Float32Array[]} of each layer (size, C, H, W) or (size, units), in a row
   */
  values(images, size, names) {
    const { engine, address } = this;
    const wanted = names.map((name) => this.steps.findIndex((step) => step.layer.name === name));
    const counts = wanted.map((layer) => size * count(this.steps[layer].output));
    const places = names.map((name, i) => this.#room(`values of ${name}`, 4 * counts[i]));
    wanted.forEach((layer, i) => engine.call("model_want", address, layer, places[i], 0));
    engine.call("model_read", address, images, 0, 0, size);
    engine.call("model_finish", address);
    wanted.forEach((layer) => engine.call("model_want", address, layer, 0, 0));
    return places.map((place, i) => engine.floats(place, counts[i]).slice());
  }

  /**
   * An image read, and the cross-entropy of its label traced back through the network. The model must keep values and
   * explain.
   * @param {Uint8Array} image bytes (H, W)
   * @param {number} label
   * @returns {{values: Float32Array[], gradients: Float32Array[], pixels: Float32Array}} of each layer the values after
   *   its activation (of the last the logits) and the gradient of the loss before it; and the gradient with respect to
   *   the pixels from 0 to 1
   */
  explain(image, label) {
    const { engine, address } = this;
    const counts = this.steps.map(({ output }) => count(output));
    const own = (/** @type {string} */ what) =>
      counts.map((floats, i) => this.#room(`${what} ${i}`, 4 * floats));
    const [values, gradients] = [own("values"), own("gradients")];
    const pixels = this.#room("pixels", 4 * image.length);
    const wrong = this.#room("gradient of pixels", 4 * image.length);
    const labels = this.#room("label", 1);
    engine.floats(pixels, image.length).set(Float32Array.from(image, (pixel) => pixel / 255));
    new Uint8Array(engine.memory.buffer, labels, 1)[0] = label;
    counts.forEach((_, i) => engine.call("model_want", address, i, values[i], gradients[i]));
    engine.call("model_explain", address, pixels, labels, 0, counts.length - 1, 1, wrong);
    engine.call("model_finish", address);
    counts.forEach((_, i) => engine.call("model_want", address, i, 0, 0));
    const copies = (/** @type {number[]} */ places) =>
      places.map((place, i) => engine.floats(place, counts[i]).slice());
    return {
      values: copies(values),
      gradients: copies(gradients),
      pixels: engine.floats(wrong, image.length).slice(),
    };
  }

  /** Memory for a use that comes again, for the engine takes none back. @param {string} use @param {number} bytes */
  #room(use, bytes) {
    if (!(this.places[use]?.bytes >= bytes))
      this.places[use] = { address: this.engine.reserve(bytes), bytes };
    return this.places[use].address;
  }

  /**
   * The scores before softmax, (size, classes) in a row.
   * @param {number} images address of bytes
   * @param {number} size
   */
  logits(images, size) {
    return this.values(images, size, [this.steps[this.steps.length - 1].layer.name])[0];
  }
}

/**
 * The network as the engine takes it: eight words a layer, one of them a float.
 * @param {Network} network
 */
function describe(network) {
  const words = new DataView(new ArrayBuffer(4 * WORDS * network.layers.length));
  network.layers.forEach((layer, i) => {
    const size = layer.filters ?? layer.units ?? layer.size ?? 0;
    const numbers = [
      KINDS.indexOf(layer.type),
      ACTIVATIONS.indexOf(layer.activation ?? "linear"),
      size,
    ];
    numbers.push(layer.kernel ?? 0, layer.stride ?? 1, layer.padding ?? 0);
    numbers.forEach((number, j) => words.setInt32(4 * (WORDS * i + j), number, true));
    words.setFloat32(4 * (WORDS * i + 6), layer.rate ?? layer.epsilon ?? 0, true);
  });
  return new Uint8Array(words.buffer);
}

/**
 * A seed as two unsigned numbers of 32 bits.
 * @param {number} seed
 */
export function halves(seed) {
  return [seed >>> 0, Math.floor(seed / 2 ** 32)];
}
