/**
 * One neuron's value as the sum that it is: every product, grouped by where it comes from, the bias, the activation.
 *
 * @typedef {import("./forward.js").Result} Result
 * @typedef {import("./safetensors.js").Weights} Weights
 * @typedef {import("./spec.js").Network} Network
 * @typedef {{index: number, rows: number, columns: number, inputs: Float32Array, weights: Float32Array,
 *   sum: number}} Term  the products with one input channel: inputs · weights, rows × columns of them
 * @typedef {{layer: import("./spec.js").Layer, terms: Term[], source: string, bias: number, sum: number,
 *   value: number, network: number}} Sum
 *   `sum` is the terms plus the bias, `value` that after the activation, `network` the forward pass's own value.
 */

/**
 * The whole sum of neuron (channel, y, x) of layer `index`, the largest contributions first. For layers that only
 * choose or copy (pooling, dropout, flatten) the single term holds the values that it sees, with weight 1 for the one
 * that passes.
 * @param {Network} network
 * @param {Weights} weights
 * @param {Result} result
 * @param {number} index
 * @param {{channel: number, y?: number, x?: number}} at
 * @returns {Sum}
 */
export function neuronSum(network, weights, result, index, { channel, y = 0, x = 0 }) {
  const layer = network.layers[index];
  const output = result.layers[index];
  const [inputs, shape] = inputOf(result, index);
  const [, height, width] = output.shape;
  const at = output.shape.length === 3 ? (channel * height + y) * width + x : channel;
  const before = output.before[at];
  const learned = (/** @type {string} */ name) => weights[`${layer.name}.${name}`].values;
  /** @type {Term[]} */
  let terms;
  let bias = 0;
  let source = "channel";
  if (layer.type === "Conv2D") {
    terms = convolutionTerms(layer, learned("weight"), inputs, shape, channel, y, x);
    bias = learned("bias")[channel];
  } else if (layer.type === "Dense") {
    const maps = mapsBelow(result, index);
    if (!maps) source = "unit";
    terms = denseTerms(learned("weight"), inputs, channel, maps);
    bias = learned("bias")[channel];
  } else if (layer.type === "BatchNormalization") {
    const scale =
      learned("weight")[channel] /
      Math.sqrt(learned("running_var")[channel] + (layer.epsilon ?? 1e-5));
    terms = [term(channel, 1, 1, [inputs[at]], [scale])];
    bias = learned("bias")[channel] - learned("running_mean")[channel] * scale;
  } else if (layer.type === "MaxPooling2D") {
    terms = [poolTerm(layer.size ?? 2, inputs, shape, channel, y, x)];
  } else {
    terms = [term(channel, 1, 1, [inputs[at]], [1])];
  }
  terms.sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
  const sum = terms.reduce((total, { sum }) => total + sum, bias);
  const value = layer.activation === "relu" ? Math.max(0, sum) : sum;
  return {
    layer,
    terms,
    source,
    bias,
    sum,
    value,
    network: layer.activation === "relu" ? output.values[at] : before,
  };
}

/**
 * Whether the sum as shown equals the network's own value: the same up to rounding in 32-bit floats.
 * @param {Sum} sum
 */
export function agrees({ terms, sum, value, network }) {
  const scale = terms.reduce((total, term) => total + Math.abs(term.sum), Math.abs(sum));
  return Math.abs(value - network) <= 1e-6 * scale + 1e-6;
}

/** What flows into layer `index`: values and shape. @param {Result} result @param {number} index
 * @returns {[Float32Array, number[]]} */
export function inputOf(result, index) {
  return index === 0
    ? [result.input, result.shape]
    : [result.layers[index - 1].values, result.layers[index - 1].shape];
}

/** Shape of the feature maps that a dense layer reads through a flatten layer, if it does.
 * @param {Result} result @param {number} index @returns {number[] | null} */
export function mapsBelow(result, index) {
  for (let i = index - 1; i >= 0; i--) {
    const { type } = result.layers[i].layer;
    if (type === "Flatten")
      return inputOf(result, i)[1].length === 3 ? inputOf(result, i)[1] : null;
    if (type !== "Dropout") return null;
  }
  return null;
}

/** @param {number} index @param {number} rows @param {number} columns
 * @param {ArrayLike<number>} inputs @param {ArrayLike<number>} weights @returns {Term} */
function term(index, rows, columns, inputs, weights) {
  let sum = 0;
  for (let i = 0; i < inputs.length; i++) sum += inputs[i] * weights[i];
  return {
    index,
    rows,
    columns,
    inputs: Float32Array.from(inputs),
    weights: Float32Array.from(weights),
    sum,
  };
}

/** @param {import("./spec.js").Layer} layer @param {Float32Array} weight @param {Float32Array} maps
 * @param {number[]} shape @param {number} filter @param {number} y @param {number} x */
function convolutionTerms(layer, weight, maps, [channels, height, width], filter, y, x) {
  const { kernel = 3, stride = 1, padding = 0 } = layer;
  const area = kernel * kernel;
  return Array.from({ length: channels }, (_, c) => {
    const start = (filter * channels + c) * area;
    const window = new Float32Array(area);
    for (let i = 0; i < area; i++) {
      const fromY = y * stride - padding + Math.floor(i / kernel);
      const fromX = x * stride - padding + (i % kernel);
      const inside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width;
      window[i] = inside ? maps[(c * height + fromY) * width + fromX] : 0;
    }
    return term(c, kernel, kernel, window, weight.subarray(start, start + area));
  });
}

/** @param {Float32Array} weight @param {Float32Array} inputs @param {number} unit @param {number[] | null} maps */
function denseTerms(weight, inputs, unit, maps) {
  const [groups, rows, columns] = maps ?? [inputs.length, 1, 1];
  const area = rows * columns;
  const start = unit * inputs.length;
  return Array.from({ length: groups }, (_, g) => {
    const from = g * area;
    const own = weight.subarray(start + from, start + from + area);
    return term(g, rows, columns, inputs.subarray(from, from + area), own);
  });
}

/** @param {number} size @param {Float32Array} maps @param {number[]} shape
 * @param {number} channel @param {number} y @param {number} x */
function poolTerm(size, maps, [, height, width], channel, y, x) {
  const window = new Float32Array(size * size);
  for (let i = 0; i < window.length; i++) {
    const fromY = y * size + Math.floor(i / size);
    window[i] = maps[(channel * height + fromY) * width + x * size + (i % size)];
  }
  const passes = window.indexOf(Math.max(...window));
  return term(
    channel,
    size,
    size,
    window,
    window.map((_, i) => (i === passes ? 1 : 0)),
  );
}
