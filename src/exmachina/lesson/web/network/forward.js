/**
 * The forward pass: pixels in, probabilities out, every layer's values kept.
 *
 * @typedef {import("./spec.js").Network} Network
 * @typedef {import("./spec.js").Layer} Layer
 * @typedef {import("./safetensors.js").Weights} Weights
 * @typedef {{name: string, layer: Layer, shape: number[], before: Float32Array, values: Float32Array}} Output
 *   `before` and `values` are a layer's output before and after its activation.
 * @typedef {{input: Float32Array, shape: number[], layers: Output[], logits: Float32Array,
 *   probabilities: Float32Array}} Result
 */

import { outputShape } from "./spec.js";
import { batchNorm, maxPool, patches, relu, softmax, weightedSums } from "./layers.js";

/**
 * @param {Network} network
 * @param {Weights} weights
 * @param {ArrayLike<number>} pixels 784 bytes, 0 … 255
 * @param {{temperature?: number}} [options] divides the logits before softmax, to calibrate the probabilities
 * @returns {Result}
 */
export function forward(network, weights, pixels, { temperature = 1 } = {}) {
  const input = standardize(network, pixels);
  return forwardFrom(network, weights, input, { temperature });
}

/** Bytes as the first layer wants them. @param {Network} network @param {ArrayLike<number>} pixels */
export function standardize(network, pixels) {
  return Float32Array.from(pixels, (pixel) => (pixel / 255 - network.mean) / network.std);
}

/**
 * The forward pass from values that are already standardised.
 * @param {Network} network
 * @param {Weights} weights
 * @param {Float32Array} input
 * @param {{temperature?: number}} [options]
 * @returns {Result}
 */
export function forwardFrom(network, weights, input, { temperature = 1 } = {}) {
  let values = input;
  let shape = network.input_shape;
  /** @type {Output[]} */
  const layers = [];
  for (const layer of network.layers) {
    const before = applyLayer(layer, weights, values, shape);
    shape = outputShape(layer, shape);
    values = activate(before, layer);
    layers.push({ name: layer.name, layer, shape, before, values });
  }
  const logits = layers[layers.length - 1].before;
  const probabilities =
    temperature === 1 ? values : softmax(logits.map((logit) => logit / temperature));
  return { input, shape: network.input_shape, layers, logits, probabilities };
}

/**
 * One layer, without its activation.
 * @param {Layer} layer
 * @param {Weights} weights
 * @param {Float32Array} values
 * @param {number[]} shape
 * @returns {Float32Array}
 */
export function applyLayer(layer, weights, values, shape) {
  const learned = (/** @type {string} */ name) => weights[`${layer.name}.${name}`].values;
  switch (layer.type) {
    case "Conv2D": {
      const { kernel = 3, stride = 1, padding = 0 } = layer;
      return weightedSums(
        learned("weight"),
        learned("bias"),
        patches(values, shape, { kernel, stride, padding }),
      );
    }
    case "Dense":
      return weightedSums(learned("weight"), learned("bias"), values);
    case "MaxPooling2D":
      return maxPool(values, shape, layer.size ?? 2);
    case "BatchNormalization": {
      const [weight, bias, running_mean, running_var] = [
        "weight",
        "bias",
        "running_mean",
        "running_var",
      ].map(learned);
      return batchNorm(values, { weight, bias, running_mean, running_var }, layer.epsilon ?? 1e-5);
    }
    default:
      return values; // Flatten only reads the same values as one row; Dropout acts in training alone.
  }
}

/** @param {Float32Array} values @param {Layer} layer */
function activate(values, layer) {
  if (layer.activation === "relu") return relu(values);
  return layer.activation === "softmax" ? softmax(values) : values;
}

/** Index of the largest value. @param {ArrayLike<number>} values */
export function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
