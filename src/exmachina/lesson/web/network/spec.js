/**
 * A network as plain data, the same that `run.json` holds: its layers' shapes, parameters and arithmetic.
 *
 * @typedef {"Conv2D"|"MaxPooling2D"|"BatchNormalization"|"Dropout"|"Flatten"|"Dense"} Kind
 * @typedef {{name: string, type: Kind, activation?: string, filters?: number, kernel?: number, stride?: number,
 *   padding?: number, size?: number, epsilon?: number, rate?: number, units?: number}} Layer
 * @typedef {{name: string, input_shape: number[], mean: number, std: number, layers: Layer[]}} Network
 * @typedef {{layer: Layer, input: number[], output: number[], parameters: number, multiplications: number}} Step
 */

import { plain, whole } from "../marks/format.js";
import { t } from "../texts.js";

/** @param {number[]} shape */
export const count = (shape) => shape.reduce((product, side) => product * side, 1);

/**
 * Every layer in order, with the shapes that flow in and out. Shapes are [channels, height, width] or [units].
 * @param {Network} network
 * @returns {Step[]}
 */
export function steps(network) {
  let input = network.input_shape;
  return network.layers.map((layer) => {
    const output = outputShape(layer, input);
    const step = {
      layer,
      input,
      output,
      parameters: parameters(layer, input),
      multiplications: multiplications(layer, input, output),
    };
    input = output;
    return step;
  });
}

/**
 * The first layer that does not fit what comes before it, and why.
 * @param {Network} network
 * @returns {{index: number, message: string} | null}
 */
export function misfit({ input_shape: inputShape, layers }) {
  let shape = inputShape;
  for (const [index, layer] of layers.entries()) {
    try {
      shape = outputShape(layer, shape);
    } catch (error) {
      return { index, message: /** @type {Error} */ (error).message };
    }
  }
  return null;
}

/** @param {Network} network */
export function totals(network) {
  const all = steps(network);
  return {
    parameters: all.reduce((sum, step) => sum + step.parameters, 0),
    multiplications: all.reduce((sum, step) => sum + step.multiplications, 0),
  };
}

/**
 * Throws an error that names the layer and the fix where the shapes do not fit.
 * @param {Layer} layer
 * @param {number[]} shape
 * @returns {number[]}
 */
export function outputShape(layer, shape) {
  const [channels, height, width] = shape;
  switch (layer.type) {
    case "Conv2D": {
      const { kernel = 3, stride = 1, padding = 0, filters = 1 } = layer;
      const side = (/** @type {number} */ size) =>
        Math.floor((size + 2 * padding - kernel) / stride) + 1;
      if (shape.length !== 3)
        throw new Error(t("{name} needs feature maps, not a row of values.", { name: layer.name }));
      if (side(height) < 1 || side(width) < 1) {
        throw new Error(
          t("{name}: a {kernel}×{kernel} kernel does not fit into {height}×{width}.", {
            name: layer.name,
            kernel,
            height,
            width,
          }),
        );
      }
      return [filters, side(height), side(width)];
    }
    case "MaxPooling2D": {
      const { size = 2 } = layer;
      if (shape.length !== 3)
        throw new Error(t("{name} needs feature maps, not a row of values.", { name: layer.name }));
      if (Math.min(height, width) < size)
        throw new Error(
          t("{name}: nothing left to pool in {height}×{width}.", {
            name: layer.name,
            height,
            width,
          }),
        );
      return [channels, Math.floor(height / size), Math.floor(width / size)];
    }
    case "Flatten":
      return [count(shape)];
    case "Dense":
      if (shape.length !== 1)
        throw new Error(
          t("{name} takes a row of values; put a flatten layer before it.", { name: layer.name }),
        );
      return [layer.units ?? 1];
    default:
      return shape;
  }
}

/**
 * @param {Layer} layer
 * @param {number[]} shape
 */
function parameters(layer, shape) {
  if (layer.type === "Conv2D")
    return (layer.filters ?? 1) * (shape[0] * (layer.kernel ?? 3) ** 2 + 1);
  if (layer.type === "Dense") return (layer.units ?? 1) * (shape[0] + 1);
  return layer.type === "BatchNormalization" ? 2 * shape[0] : 0;
}

/**
 * Multiplications that one image costs.
 * @param {Layer} layer
 * @param {number[]} input
 * @param {number[]} output
 */
function multiplications(layer, input, output) {
  if (layer.type === "Conv2D") return count(output) * input[0] * (layer.kernel ?? 3) ** 2;
  if (layer.type === "Dense") return output[0] * input[0];
  return layer.type === "BatchNormalization" ? count(input) : 0;
}

/**
 * What a layer does, in a few words.
 * @param {Layer} layer
 */
export function describe(layer) {
  const relu =
    layer.activation === "relu" ? ", ReLU" : layer.activation === "softmax" ? ", softmax" : "";
  switch (layer.type) {
    case "Conv2D": {
      const stride =
        (layer.stride ?? 1) > 1 ? t(", every {n} pixels", { n: layer.stride ?? 1 }) : "";
      const padding = layer.padding ? t(", padded by {n}", { n: layer.padding }) : "";
      return t("convolution {n}×{n}", { n: layer.kernel ?? 3 }) + stride + padding + relu;
    }
    case "MaxPooling2D":
      return t("largest of {n}×{n}", { n: layer.size ?? 2 }) + relu;
    case "BatchNormalization":
      return t("batch normalisation") + relu;
    case "Dropout":
      return `dropout ${plain(layer.rate ?? 0)}`;
    case "Flatten":
      return t("maps in one row");
    default:
      return t("dense") + relu;
  }
}

/** The shape as people write it: 16 × 24 × 24, on one line. @param {number[]} shape */
export const shapeText = (shape) => shape.map((side) => whole(side)).join("\u00a0×\u00a0");
