/**
 * The engine beside the page, reading many digits while the page goes on answering strokes.
 *
 * Messages in: `{module, images}`, again for other images, then as often as wanted `{number, network, weights}`. Out, one
 * for each in the same order: `{number, logits}`, the scores (N, 10) in a row, or `{number, error}`.
 */

import { Engine } from "./engine.js";
import { Model } from "./model.js";

const PIXELS = 784;
const RENEWED = 64 << 20; // bytes of memory after which another engine takes over; an engine's memory only grows

/** @typedef {{module: WebAssembly.Module, images: Uint8Array}} Source */
/** @type {Source | null} */
let source = null;
/** @type {{model: Model, key: string, images: number} | null} */
let ready = null;

self.onmessage = ({ data }) => {
  if (data.module) [source, ready] = [data, null];
  else if (source) read(source, data);
};

/** @param {Source} source
 * @param {{number: number, network: import("./model.js").Network, weights: import("./model.js").Weights}} task */
function read(source, { number, network, weights }) {
  try {
    const { model, images } = prepared(source, network);
    model.setWeights(weights);
    const logits = model.logits(images, source.images.length / PIXELS);
    self.postMessage({ number, logits }, { transfer: [logits.buffer] });
  } catch (error) {
    ready = null;
    self.postMessage({ number, error: error instanceof Error ? error.message : String(error) });
  }
}

/** A network of this shape in an engine that has room. @param {Source} source @param {import("./model.js").Network} network */
function prepared({ module, images }, network) {
  const key = JSON.stringify(network);
  if (ready?.key === key && ready.model.engine.memory.buffer.byteLength < RENEWED) return ready;
  const engine = new Engine(module);
  ready = { model: new Model(engine, network), key, images: engine.place(images) };
  return ready;
}
