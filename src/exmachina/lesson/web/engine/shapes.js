import { steps } from "../network/spec.js";

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
