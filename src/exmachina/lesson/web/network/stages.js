/**
 * A network as its stages: each layer that mixes maps, with the pooling and normalising that follows it. What a stage
 * hands on is what the next one sees.
 *
 * @typedef {import("./spec.js").Network} Network
 * @typedef {import("./forward.js").Result} Result
 * @typedef {{from: number, to: number}} Stage the layer that mixes, and the last before maps are mixed again
 * @typedef {{channel: number, y: number, x: number}} Neuron
 */

const MIXES = ["Conv2D", "Dense"];

/** @param {Network} network @returns {Stage[]} the last one gives the answers */
export function stages({ layers }) {
  return layers.flatMap(({ type }, from) => {
    if (!MIXES.includes(type)) return [];
    const ends = layers.findIndex(
      (layer, i) => i > from && (MIXES.includes(layer.type) || layer.type === "Flatten"),
    );
    return [{ from, to: (ends < 0 ? layers.length : ends) - 1 }];
  });
}

/** The largest value of each map that a stage hands on. @param {Result} result @param {Stage} stage */
function peaks(result, { to }) {
  const { shape, values } = result.layers[to];
  const [channels, height = 1, width = 1] = shape;
  const area = height * width;
  return Array.from({ length: channels }, (_, channel) => {
    let best = channel * area;
    for (let i = best; i < (channel + 1) * area; i++) if (values[i] > values[best]) best = i;
    const at = best % area;
    return { channel, y: Math.floor(at / width), x: at % width, value: values[best] };
  });
}

/** The maps that respond most strongly, strongest first. @param {Result} result @param {Stage} stage @param {number} count */
export const strongest = (result, stage, count) =>
  peaks(result, stage)
    .sort((a, b) => b.value - a.value)
    .slice(0, count)
    .map(({ channel }) => channel);

/**
 * The neuron of the mixing layer that a map's strongest response comes from: through pooling, the one that passed.
 * @param {Network} network @param {Result} result @param {Stage} stage @param {number} channel
 * @returns {Neuron}
 */
export function originOf({ layers }, result, stage, channel) {
  let { y, x } = peaks(result, stage)[channel];
  for (let i = stage.to; i > stage.from; i--) {
    if (layers[i].type !== "MaxPooling2D") continue;
    const size = layers[i].size ?? 2;
    const { shape, values } = result.layers[i - 1];
    const [, height, width] = shape;
    let best = { y: y * size, x: x * size };
    const at = (/** @type {{y: number, x: number}} */ p) =>
      values[(channel * height + p.y) * width + p.x];
    for (let row = y * size; row < (y + 1) * size; row++)
      for (let column = x * size; column < (x + 1) * size; column++)
        if (at({ y: row, x: column }) > at(best)) best = { y: row, x: column };
    ({ y, x } = best);
  }
  return { channel, y, x };
}
