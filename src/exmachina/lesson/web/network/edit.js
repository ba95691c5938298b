/**
 * Operating on a network: small weights pruned, kernels written by hand, maps switched off. The weights themselves stay
 * as they are; edits are a small plain object, and applying them gives other weights.
 *
 * @typedef {import("./spec.js").Network} Network
 * @typedef {import("./safetensors.js").Weights} Weights
 * @typedef {{pruned: number, kernels: Record<string, number[]>, off: Record<string, number[]>}} Edits
 *   `pruned`: the share of weights set to zero, the smallest first; `kernels`: numbers by `kernelName`; `off`: the maps
 *   or units switched off, by the name of their layer
 */

import { steps } from "./spec.js";

/** @type {Edits} */
export const UNEDITED = { pruned: 0, kernels: {}, off: {} };

/** @param {Edits} edits */
export const isEdited = ({ pruned, kernels, off }) =>
  pruned > 0 || Object.keys(kernels).length > 0 || Object.values(off).some((maps) => maps.length);

/** A kernel's name: what map `map` of a layer makes of map `source` before it. @param {string} layer @param {number} map @param {number} source */
export const kernelName = (layer, map, source) => `${layer}/${map}/${source}`;

/** With a map switched off, or on again. @param {Edits} edits @param {string} layer @param {number} map @returns {Edits} */
export function toggled(edits, layer, map) {
  const off = edits.off[layer] ?? [];
  const next = off.includes(map) ? off.filter((other) => other !== map) : [...off, map];
  return { ...edits, off: { ...edits.off, [layer]: next } };
}

/** With another kernel, or with its own again. @param {Edits} edits @param {string} name @param {number[] | null} numbers @returns {Edits} */
export function withKernel(edits, name, numbers) {
  const { [name]: _, ...others } = edits.kernels;
  return { ...edits, kernels: numbers ? { ...others, [name]: numbers } : others };
}

/** The layers whose maps or units can be switched off: all that learn, but for the answers. @param {Network} network */
export const switchable = (network) =>
  steps(network).filter(
    ({ layer: { type } }, i, all) => (type === "Conv2D" || type === "Dense") && i < all.length - 1,
  );

/**
 * The weights after the edits. Tensors that no edit touches are the same objects.
 * @param {Network} network
 * @param {Weights} weights
 * @param {Edits} edits
 * @returns {Weights}
 */
export function applyEdits(network, weights, { pruned, kernels, off }) {
  const edited = { ...weights };
  const fresh = (/** @type {string} */ name) => {
    if (edited[name] === weights[name])
      edited[name] = { shape: weights[name].shape, values: weights[name].values.slice() };
    return edited[name];
  };
  const limit = smallest(network, weights, pruned);
  if (limit !== null)
    for (const name of prunable(network)) {
      const { values } = fresh(name);
      for (let i = 0; i < values.length; i++) if (Math.abs(values[i]) <= limit) values[i] = 0;
    }
  for (const [name, numbers] of Object.entries(kernels)) {
    const [layer, map, source] = name.split("/");
    const { shape, values } = fresh(`${layer}.weight`);
    values.set(numbers, (Number(map) * shape[1] + Number(source)) * numbers.length);
  }
  for (const [layer, maps] of Object.entries(off))
    for (const map of maps) silence(network, fresh, layer, map);
  return edited;
}

/**
 * Switch a map or unit off: it is 0 everywhere, for everybody who reads it. So that a normalisation after it does not
 * lift it again, its scale and shift there are 0 too.
 * @param {Network} network @param {(name: string) => import("./safetensors.js").Tensor} fresh
 * @param {string} layer @param {number} map
 */
function silence(network, fresh, layer, map) {
  const start = network.layers.findIndex(({ name }) => name === layer);
  const { shape, values } = fresh(`${layer}.weight`);
  const length = values.length / shape[0];
  values.fill(0, map * length, (map + 1) * length);
  fresh(`${layer}.bias`).values[map] = 0;
  for (const { name, type } of network.layers.slice(start + 1)) {
    if (type === "Conv2D" || type === "Dense" || type === "Flatten") break;
    if (type !== "BatchNormalization") continue;
    fresh(`${name}.weight`).values[map] = 0;
    fresh(`${name}.bias`).values[map] = 0;
  }
}

/** The weights that can be pruned: of convolutions and dense layers, without biases. @param {Network} network */
export const prunable = (network) =>
  network.layers
    .filter(({ type }) => type === "Conv2D" || type === "Dense")
    .map(({ name }) => `${name}.weight`);

/** How many weights there are to prune, and how many of them are zero. @param {Network} network @param {Weights} weights */
export function countWeights(network, weights) {
  let [all, zero] = [0, 0];
  for (const name of prunable(network)) {
    const { values } = weights[name];
    all += values.length;
    for (let i = 0; i < values.length; i++) if (values[i] === 0) zero += 1;
  }
  return { all, zero };
}

/**
 * The size up to which a share of all weights lies, whatever layer they belong to; null if the share is none.
 * Exact, without sorting a million numbers: sizes are counted by the upper half of their bits, which are in order, and
 * only those that share the half where the limit falls are sorted.
 * @param {Network} network @param {Weights} weights @param {number} share
 */
function smallest(network, weights, share) {
  const tensors = prunable(network).map((name) => weights[name].values);
  const wanted = Math.floor(share * tensors.reduce((sum, { length }) => sum + length, 0));
  if (wanted === 0) return null;
  const halves = tensors.map((values) => {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    return bits.map((bit) => (bit & 0x7fffffff) >>> 16);
  });
  const counts = new Uint32Array(1 << 15);
  for (const half of halves) for (let i = 0; i < half.length; i++) counts[half[i]] += 1;
  let below = 0;
  let at = 0;
  while (below + counts[at] < wanted) below += counts[at++];
  const near = tensors.flatMap((values, t) =>
    Array.from(values.filter((_, i) => halves[t][i] === at)),
  );
  return Float32Array.from(near, Math.abs).sort()[wanted - below - 1];
}

/**
 * Kernels to try, as strong as the one they replace (the same sum of squares).
 * @satisfies {Record<string, (y: number, x: number, reach: number) => number>} at a place from the middle, up to `reach`
 */
const PRESETS = {
  horizontal: (y) => y,
  vertical: (_, x) => x,
  diagonal: (y, x) => y + x,
  blur: (y, x) => Math.exp(-(y * y + x * x) / 2),
  // the middle, which is four cells where the side is even, against everything around it
  outline: (y, x, reach) =>
    Math.max(Math.abs(y), Math.abs(x)) < 1 && reach > 0.5
      ? (2 * reach + 1) ** 2 / (reach % 1 ? 4 : 1) - 1
      : -1,
  nothing: () => 0,
};

/** @typedef {keyof typeof PRESETS} Preset */

/** @param {Preset} name @param {ArrayLike<number>} kernel the one that it replaces, square */
export function preset(name, kernel) {
  const side = Math.sqrt(kernel.length);
  const middle = (side - 1) / 2;
  const numbers = Array.from(kernel, (_, i) =>
    PRESETS[name](Math.floor(i / side) - middle, (i % side) - middle, middle),
  );
  const size = (/** @type {ArrayLike<number>} */ list) =>
    Math.sqrt(Array.from(list).reduce((sum, number) => sum + number * number, 0));
  const scale = size(numbers) > 0 ? size(kernel) / size(numbers) : 0;
  return numbers.map((number) => Math.fround(number * scale));
}

/**
 * Edits in a word that fits into an address: `p30*o.conv1.3.5*k.conv1.0.0.` and the kernel's bytes in base 64.
 * @param {Edits} edits
 */
export function encodeEdits({ pruned, kernels, off }) {
  const bytes = (/** @type {number[]} */ numbers) =>
    btoa(String.fromCharCode(...new Uint8Array(Float32Array.from(numbers).buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replace(/=+$/, "");
  return [
    ...(pruned > 0 ? [`p${Math.round(100 * pruned)}`] : []),
    ...Object.entries(off).flatMap(([layer, maps]) =>
      maps.length ? [`o.${layer}.${maps.join(".")}`] : [],
    ),
    ...Object.entries(kernels).map(
      ([name, numbers]) => `k.${name.replaceAll("/", ".")}.${bytes(numbers)}`,
    ),
  ].join("*");
}

/**
 * The edits of an address, as far as this network has what they name.
 * @param {string} text
 * @param {Network} network
 * @returns {Edits}
 */
export function decodeEdits(text, network) {
  /** @type {Edits} */
  const edits = { pruned: 0, kernels: {}, off: {} };
  const layers = new Map(switchable(network).map((step) => [step.layer.name, step]));
  for (const part of text.slice(0, 20_000).split("*")) {
    const [kind, name, ...rest] = part.split(".");
    const share = /^p(\d\d?)$/.exec(kind);
    if (share) edits.pruned = Number(share[1]) / 100;
    const step = layers.get(name);
    if (!step) continue;
    const has = (/** @type {string} */ at, /** @type {number} */ count) =>
      /^\d+$/.test(at) && Number(at) < count;
    if (kind === "o")
      edits.off[name] = [...new Set(rest)].filter((at) => has(at, step.output[0])).map(Number);
    const [map, source, bytes = ""] = rest;
    if (kind !== "k" || step.layer.type !== "Conv2D") continue;
    if (!has(map, step.output[0]) || !has(source, step.input[0])) continue;
    const numbers = floats(bytes);
    if (numbers.length === (step.layer.kernel ?? 0) ** 2 && numbers.every(Number.isFinite))
      edits.kernels[kernelName(name, Number(map), Number(source))] = numbers;
  }
  return edits;
}

/** Numbers from their bytes in base 64; none if it is no such text. @param {string} text */
function floats(text) {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) return [];
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) =>
    character.charCodeAt(0),
  );
  return bytes.length % 4 ? [] : Array.from(new Float32Array(bytes.buffer));
}
