// Networks with random weights, and something like a digit, for the page's tests.
import { steps } from "../../../src/exmachina/lesson/web/network/spec.js";
import { generator } from "../../../src/exmachina/lesson/web/network/dropout.js";

const base = { input_shape: [1, 28, 28], mean: 0, std: 1 };

export const NETWORKS = {
  classic: {
    ...base,
    name: "classic",
    layers: [
      { name: "conv1", type: "Conv2D", activation: "relu", filters: 32, kernel: 3 },
      { name: "conv2", type: "Conv2D", activation: "relu", filters: 64, kernel: 3 },
      { name: "pool1", type: "MaxPooling2D", activation: "linear", size: 2 },
      { name: "dropout1", type: "Dropout", activation: "linear", rate: 0.25 },
      { name: "flatten1", type: "Flatten", activation: "linear" },
      { name: "dense1", type: "Dense", activation: "relu", units: 128 },
      { name: "dropout2", type: "Dropout", activation: "linear", rate: 0.5 },
      { name: "dense2", type: "Dense", activation: "softmax", units: 10 },
    ],
  },
  strided: {
    ...base,
    mean: 0.13,
    std: 0.31,
    name: "strided",
    layers: [
      {
        name: "conv1",
        type: "Conv2D",
        activation: "linear",
        filters: 5,
        kernel: 5,
        stride: 2,
        padding: 2,
      },
      { name: "norm1", type: "BatchNormalization", activation: "relu", epsilon: 1e-5 },
      { name: "conv2", type: "Conv2D", activation: "linear", filters: 6, kernel: 3, padding: 1 },
      { name: "pool1", type: "MaxPooling2D", activation: "relu", size: 3 },
      { name: "flatten1", type: "Flatten", activation: "linear" },
      { name: "dense1", type: "Dense", activation: "softmax", units: 10 },
    ],
  },
};

/** Random weights that keep values of a sensible size. */
export function randomWeights(network, seed) {
  const random = generator(seed);
  const fill = (length, scale, shift = 0) =>
    Float32Array.from({ length }, () => (random() - 0.5) * scale + shift);
  const weights = {};
  for (const { layer, input } of steps(network)) {
    const set = (name, shape, values) => (weights[`${layer.name}.${name}`] = { shape, values });
    if (layer.type === "Conv2D") {
      const length = input[0] * layer.kernel ** 2;
      set(
        "weight",
        [layer.filters, input[0], layer.kernel, layer.kernel],
        fill(layer.filters * length, 3.4 / Math.sqrt(length)),
      );
      set("bias", [layer.filters], fill(layer.filters, 0.2));
    } else if (layer.type === "Dense") {
      set(
        "weight",
        [layer.units, input[0]],
        fill(layer.units * input[0], 3.4 / Math.sqrt(input[0])),
      );
      set("bias", [layer.units], fill(layer.units, 0.2));
    } else if (layer.type === "BatchNormalization") {
      set("weight", [input[0]], fill(input[0], 0.5, 1));
      set("bias", [input[0]], fill(input[0], 0.5));
      set("running_mean", [input[0]], fill(input[0], 0.5));
      set("running_var", [input[0]], fill(input[0], 0.5, 1));
    }
  }
  return weights;
}

/** 784 bytes: a bright ring and a bar, somewhere. */
export function digit(seed) {
  const random = generator(seed);
  const [cy, cx, r] = [12 + 4 * random(), 12 + 4 * random(), 4 + 3 * random()];
  return Uint8Array.from({ length: 784 }, (_, i) => {
    const [y, x] = [Math.floor(i / 28), i % 28];
    const ring = Math.abs(Math.hypot(y - cy, x - cx) - r);
    const bar = Math.abs(x - cx - r) + (y < cy ? 10 : 0);
    return Math.round(255 * Math.max(0, 1 - Math.min(ring, bar) / 2));
  });
}
