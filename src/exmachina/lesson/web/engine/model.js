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
import { weightShapes } from "./shapes.js";

const KINDS = ["Conv2D", "MaxPooling2D", "BatchNormalization", "Dropout", "Flatten", "Dense"];
const ACTIVATIONS = ["linear", "relu", "softmax"];
const OPTIMIZERS = ["adadelta", "adamw", "sgd"];
const WORDS = 8; // of a layer's description
const [LEARN, KEEP] = [1, 2];
const UPDATE = 2;

export class Model {
  /**
   * @param {import("./engine.js").Engine} engine
   * @param {Network} network
   * @param {{learns?: number, keepsValues?: boolean, threads?: number}} [uses] the largest batch that it will learn;
   *   whether every layer's values can be asked for; and how many threads may be invited to work on it
   */
  constructor(engine, network, { learns = 0, keepsValues = false, threads = 1 } = {}) {
    this.engine = engine;
    this.network = network;
    this.steps = steps(network);
    this.shapes = weightShapes(network);
    const [channels, height, width] = network.input_shape;
    const uses = (learns ? LEARN : 0) | (keepsValues ? KEEP : 0);
    const description = engine.place(describe(network));
    const given = [
      description,
      network.layers.length,
      height,
      width,
      channels,
      uses,
      learns,
      threads,
    ];
    const floats = engine.call("model_floats", engine.reserve(engine.call("model_size")), ...given);
    if (floats <= 0)
      throw new Error(`The engine has no room for ${network.layers[-floats - 1].name}.`);
    const memory = engine.reserve(4 * floats);
    this.address = engine.call("model_create", memory, ...given, network.mean, network.std);
    const size = Object.values(this.shapes).reduce((sum, shape) => sum + count(shape), 0);
    this.flat = engine.reserve(4 * size);
  }

  /** @param {number} seed */
  initialize(seed) {
    this.engine.call("model_initialize", this.address, ...halves(seed));
  }

  /** A copy of the weights as they are now, in PyTorch's layout. @returns {Weights} */
  weights() {
    this.engine.call("model_get", this.address, 0, this.flat);
    let at = this.flat;
    return Object.fromEntries(
      Object.entries(this.shapes).map(([name, shape]) => {
        const values = this.engine.floats(at, count(shape)).slice();
        at += 4 * values.length;
        return [name, { shape, values }];
      }),
    );
  }

  /** @param {Weights} weights */
  setWeights(weights) {
    let at = this.flat;
    for (const [name, shape] of Object.entries(this.shapes)) {
      this.engine.floats(at, count(shape)).set(weights[name].values);
      at += 4 * count(shape);
    }
    this.engine.call("model_set", this.address, this.flat);
  }

  /**
   * Begin a training: the optimizer forgets its past. `augmentation` is nine numbers, see `Augmentation.numbers`.
   * @param {OptimizerSettings} settings
   * @param {number[]} [augmentation]
   */
  prepare(settings, augmentation = Array(9).fill(0)) {
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
    const { engine, address } = this;
    engine.call(
      "model_learn",
      address,
      images,
      0,
      order,
      labels,
      size,
      rate,
      ...halves(seed),
      step,
      UPDATE,
    );
    engine.call("model_finish", address);
    return {
      loss: engine.call("model_loss", address),
      accuracy: engine.call("model_right", address) / size,
    };
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
    const { engine, address } = this;
    engine.call(
      "model_learn",
      address,
      0,
      pixels,
      0,
      labels,
      size,
      rate,
      ...halves(seed),
      step,
      UPDATE,
    );
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
    const places = counts.map((floats) => engine.reserve(4 * floats));
    wanted.forEach((layer, i) => engine.call("model_want", address, layer, places[i], 0));
    engine.call("model_read", address, images, 0, 0, size);
    engine.call("model_finish", address);
    wanted.forEach((layer) => engine.call("model_want", address, layer, 0, 0));
    return places.map((place, i) => engine.floats(place, counts[i]).slice());
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
