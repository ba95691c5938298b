import { count, steps } from "../network/spec.js";

/**
 * The shape of every stored tensor by its full name, in order and in PyTorch's layout.
 * @param {import("../network/spec.js").Network} network
 * @returns {Record<string, number[]>}
 */
export function weightShapes(network) {
  /** @type {Record<string, number[]>} */
  const shapes = {};
  for (const { layer, input, output } of steps(network)) {
    const name = (/** @type {string} */ part) => `${layer.name}.${part}`;
    if (layer.type === "Conv2D") {
      const side = layer.kernel ?? 3;
      shapes[name("weight")] = [output[0], input[0], side, side];
    } else if (layer.type === "Dense") {
      shapes[name("weight")] = [output[0], input[0]];
    } else if (layer.type === "BatchNormalization") {
      for (const part of ["weight", "bias", "running_mean", "running_var"])
        shapes[name(part)] = [input[0]];
      continue;
    } else {
      continue;
    }
    shapes[name("bias")] = [output[0]];
  }
  return shapes;
}

/**
 * All weights in one row, in the order of `shapes`.
 * @param {Record<string, number[]>} shapes
 * @param {import("../network/safetensors.js").Weights} weights
 */
export function flattened(shapes, weights) {
  const row = new Float32Array(Object.values(shapes).reduce((sum, shape) => sum + count(shape), 0));
  let at = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    row.set(weights[name].values, at);
    at += count(shape);
  }
  return row;
}

/**
 * And back.
 * @param {Record<string, number[]>} shapes
 * @param {Float32Array} row
 * @returns {import("../network/safetensors.js").Weights}
 */
export function unflattened(shapes, row) {
  let at = 0;
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const values = row.slice(at, at + count(shape));
      at += values.length;
      return [name, { shape, values }];
    }),
  );
}

/**
 * Which numbers of such a row are learned: 1, and 0 for batch norm's running statistics.
 * @param {Record<string, number[]>} shapes
 */
export function learnedMask(shapes) {
  const parts = Object.entries(shapes).map(([name, shape]) =>
    Array(count(shape)).fill(name.includes(".running_") ? 0 : 1),
  );
  return Uint8Array.from(parts.flat());
}
