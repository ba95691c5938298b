/**
 * Dropout as it acts in training: each value is silenced with probability `rate`, the rest scaled up so that the mean
 * stays.
 *
 * @typedef {import("./spec.js").Network} Network
 */

import { forwardFrom, standardize } from "./forward.js";
import { softmax, weightedSums } from "./layers.js";

/**
 * Read an image with holes before the last layer.
 * @param {Network} network
 * @param {import("./safetensors.js").Weights} weights
 * @param {ArrayLike<number>} pixels
 * @param {number} rate
 * @param {() => number} random from 0 up to 1
 * @returns {{before: Float32Array, kept: Float32Array, probabilities: Float32Array}}
 */
export function readWithHoles(network, weights, pixels, rate, random) {
  const result = forwardFrom(network, weights, standardize(network, pixels));
  const last = network.layers.length - 1;
  const before = result.layers[last - 1]?.values ?? result.input;
  const kept = before.map((value) => (random() < rate ? 0 : value / (1 - rate)));
  const name = network.layers[last].name;
  const logits = weightedSums(
    weights[`${name}.weight`].values,
    weights[`${name}.bias`].values,
    kept,
  );
  return { before, kept, probabilities: softmax(logits) };
}

/** Random numbers that are the same every time: a small generator by its seed (mulberry32). @param {number} seed */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
