/**
 * Backwards through the network: how much a value would change for a small change of each pixel.
 *
 * @typedef {import("./forward.js").Result} Result
 * @typedef {import("./safetensors.js").Weights} Weights
 * @typedef {import("./spec.js").Network} Network
 */

import { forwardFrom } from "./forward.js";
import { inputOf } from "./neuron.js";

/**
 * Gradient of Σ seed · (output of layer `index` before its activation) with respect to the standardised input.
 * @param {Weights} weights
 * @param {Result} result
 * @param {number} index
 * @param {Float32Array} seed
 * @returns {Float32Array} (784)
 */
export function inputGradient(weights, result, index, seed) {
  return gradients(weights, result, index, seed).input;
}

/**
 * The same with every station on the way: the gradient with respect to each layer's output before its activation.
 * @param {Weights} weights
 * @param {Result} result
 * @param {number} index
 * @param {Float32Array} seed
 * @returns {{layers: Float32Array[], input: Float32Array}}
 */
export function gradients(weights, result, index, seed) {
  /** @type {Float32Array[]} */
  const layers = [];
  let gradient = seed;
  for (let i = index; i >= 0; i--) {
    const { layer, before } = result.layers[i];
    if (i < index && layer.activation === "relu")
      gradient = gradient.map((g, j) => (before[j] > 0 ? g : 0));
    layers[i] = gradient;
    const [inputs, shape] = inputOf(result, i);
    gradient = backThrough(layer, weights, inputs, shape, result.layers[i].shape, gradient);
  }
  return { layers, input: gradient };
}

/**
 * @param {import("./spec.js").Layer} layer
 * @param {Weights} weights
 * @param {Float32Array} inputs
 * @param {number[]} shape
 * @param {number[]} outShape
 * @param {Float32Array} gradient
 */
function backThrough(layer, weights, inputs, shape, outShape, gradient) {
  const learned = (/** @type {string} */ name) => weights[`${layer.name}.${name}`].values;
  if (layer.type === "Dense") {
    const weight = learned("weight");
    const out = new Float32Array(inputs.length);
    for (let u = 0; u < gradient.length; u++) {
      if (gradient[u] === 0) continue;
      for (let i = 0; i < out.length; i++) out[i] += gradient[u] * weight[u * out.length + i];
    }
    return out;
  }
  if (layer.type === "BatchNormalization") {
    const area = gradient.length / shape[0];
    const [gain, variance] = [learned("weight"), learned("running_var")];
    return gradient.map((g, i) => {
      const c = Math.floor(i / area);
      return (g * gain[c]) / Math.sqrt(variance[c] + (layer.epsilon ?? 1e-5));
    });
  }
  if (layer.type === "MaxPooling2D")
    return backThroughPool(layer.size ?? 2, inputs, shape, outShape, gradient);
  if (layer.type === "Conv2D")
    return backThroughConv(layer, learned("weight"), shape, outShape, gradient);
  return gradient;
}

/** Only the largest value of each square passes the gradient on. @param {number} size @param {Float32Array} inputs
 * @param {number[]} shape @param {number[]} outShape @param {Float32Array} gradient */
function backThroughPool(
  size,
  inputs,
  [channels, height, width],
  [, outHeight, outWidth],
  gradient,
) {
  const out = new Float32Array(inputs.length);
  let i = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < outHeight; y++) {
      for (let x = 0; x < outWidth; x++, i++) {
        let best = -1;
        for (let p = 0; p < size * size; p++) {
          const at = (c * height + y * size + Math.floor(p / size)) * width + x * size + (p % size);
          if (best < 0 || inputs[at] > inputs[best]) best = at;
        }
        out[best] += gradient[i];
      }
    }
  }
  return out;
}

/** @param {import("./spec.js").Layer} layer @param {Float32Array} weight @param {number[]} shape
 * @param {number[]} outShape @param {Float32Array} gradient */
function backThroughConv(
  layer,
  weight,
  [channels, height, width],
  [filters, outHeight, outWidth],
  gradient,
) {
  const { kernel = 3, stride = 1, padding = 0 } = layer;
  const out = new Float32Array(channels * height * width);
  for (let f = 0; f < filters; f++) {
    for (let y = 0; y < outHeight; y++) {
      for (let x = 0; x < outWidth; x++) {
        const g = gradient[(f * outHeight + y) * outWidth + x];
        if (g === 0) continue;
        for (let c = 0; c < channels; c++) {
          for (let ky = 0; ky < kernel; ky++) {
            const toY = y * stride - padding + ky;
            if (toY < 0 || toY >= height) continue;
            for (let kx = 0; kx < kernel; kx++) {
              const toX = x * stride - padding + kx;
              if (toX < 0 || toX >= width) continue;
              out[(c * height + toY) * width + toX] +=
                g * weight[((f * channels + c) * kernel + ky) * kernel + kx];
            }
          }
        }
      }
    }
  }
  return out;
}

/**
 * The gradient of a convolution's kernels (F, C, k, k): at every place where a weight was used, the gradient there times
 * what the weight saw.
 * @param {Network} network
 * @param {Result} result
 * @param {number} index of the layer
 * @param {Float32Array} gradient with respect to its output before the activation
 */
export function kernelGradient(network, result, index, gradient) {
  const layer = network.layers[index];
  const [inputs, input] = inputOf(result, index);
  const output = result.layers[index].shape;
  const [area, places] = [input[1] * input[2], output[1] * output[2]];
  const taps = (layer.kernel ?? 3) ** 2;
  const uses = Array.from({ length: taps }, (_, tap) => usesOf(input, output, layer, tap));
  return Float32Array.from({ length: output[0] * input[0] * taps }, (_, i) => {
    const [f, c] = [Math.floor(i / (input[0] * taps)), Math.floor(i / taps) % input[0]];
    return uses[i % taps].reduce(
      (sum, at, place) =>
        at < 0 ? sum : sum + gradient[f * places + place] * inputs[c * area + at],
      0,
    );
  });
}

/**
 * What a weight of a kernel sees at each place of the layer's map: positions in an input map, −1 for the padding.
 * @param {number[]} input shape
 * @param {number[]} output shape
 * @param {import("./spec.js").Layer} layer
 * @param {number} tap position in the kernel
 * @returns {Int32Array}
 */
export function usesOf([, height, width], [, rows, columns], layer, tap) {
  const { kernel = 3, stride = 1, padding = 0 } = layer;
  return Int32Array.from({ length: rows * columns }, (_, place) => {
    const y = Math.floor(place / columns) * stride - padding + Math.floor(tap / kernel);
    const x = (place % columns) * stride - padding + (tap % kernel);
    return y < 0 || x < 0 || y >= height || x >= width ? -1 : y * width + x;
  });
}

/**
 * Integrated gradients: what each pixel contributed to a logit, compared with an empty image. The contributions add up
 * to logit(image) − logit(empty), but for the error of the `count`-step sum. Sundararajan et al. 2017, arXiv:1703.01365.
 * @param {Network} network
 * @param {Weights} weights
 * @param {ArrayLike<number>} pixels 784 bytes
 * @param {number} digit
 * @param {number} [count]
 * @returns {Float32Array} (784)
 */
export function integratedGradients(network, weights, pixels, digit, count = 24) {
  const empty = -network.mean / network.std;
  const sum = new Float32Array(pixels.length);
  const last = network.layers.length - 1;
  for (let step = 0; step < count; step++) {
    const share = (step + 0.5) / count / 255 / network.std;
    const input = Float32Array.from(pixels, (pixel) => empty + pixel * share);
    const result = forwardFrom(network, weights, input);
    const seed = new Float32Array(result.logits.length);
    seed[digit] = 1;
    const gradient = inputGradient(weights, result, last, seed);
    for (let i = 0; i < sum.length; i++) sum[i] += gradient[i];
  }
  return sum.map((g, i) => (g / count) * (pixels[i] / 255 / network.std));
}

/**
 * One step of gradient ascent towards the image that neuron `unit` of layer `index` would most like to see: pixels
 * (784, in 0 … 1) move along the gradient, are smoothed a little and stay in 0 … 1.
 * @param {Network} network
 * @param {Weights} weights
 * @param {Float32Array} pixels
 * @param {number} index
 * @param {number} unit position in the layer's values
 * @returns {{pixels: Float32Array, value: number}}
 */
export function dreamStep(network, weights, pixels, index, unit) {
  const input = pixels.map((pixel) => (pixel - network.mean) / network.std);
  const result = forwardFrom(network, weights, input);
  const seed = new Float32Array(result.layers[index].before.length);
  seed[unit] = 1;
  const gradient = inputGradient(weights, result, index, seed);
  const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0)) || 1;
  const moved = pixels.map((pixel, i) => pixel + (1.2 * gradient[i]) / norm);
  const smooth = moved.map((pixel, i) => {
    const y = Math.floor(i / 28),
      x = i % 28;
    const near =
      (y > 0 ? moved[i - 28] : 0) +
      (y < 27 ? moved[i + 28] : 0) +
      (x > 0 ? moved[i - 1] : 0) +
      (x < 27 ? moved[i + 1] : 0);
    return Math.min(1, Math.max(0, 0.9 * pixel + 0.025 * near - 0.004));
  });
  return { pixels: smooth, value: result.layers[index].before[unit] };
}
