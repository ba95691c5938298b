/**
 * What the notebook's kernel sends: a network, an image, a training.
 *
 * @typedef {{get: (name: string) => any, set: (name: string, value: unknown) => void, save_changes: () => void,
 *   on: (event: string, listener: () => void) => void, off: (event: string, listener: () => void) => void}} Model
 * @typedef {{network: import("../../lesson/web/network/spec.js").Network, temperature: number, threshold: number | null,
 *   weights: import("../../lesson/web/network/safetensors.js").Weights,
 *   rejector: import("../../lesson/web/network/rejector.js").Rejector | null}} Classifier
 */

import { forward } from "../../lesson/web/network/forward.js";
import { readRejector } from "../../lesson/web/network/rejector.js";
import { readSafetensors } from "../../lesson/web/network/safetensors.js";

/** The bytes of a value alone, in a buffer of their own. @param {DataView} view @returns {ArrayBuffer} */
export const bufferOf = ({ buffer, byteOffset, byteLength }) =>
  /** @type {ArrayBuffer} */ (buffer.slice(byteOffset, byteOffset + byteLength));

/** @param {DataView} view */
export const floats = (view) => new Float32Array(bufferOf(view));

/** The image on show, 784 bytes. @param {Model} model @returns {Uint8Array | null} */
export function imageOf(model) {
  const view = model.get("image");
  return view ? new Uint8Array(bufferOf(view)) : null;
}

/**
 * The classifier as it is now; its weights are unpacked only once.
 * @param {Model} model
 * @returns {() => Classifier}
 */
export function classifierOf(model) {
  /** @type {{sent: unknown, classifier: Classifier} | null} */
  let last = null;
  return () => {
    const sent = model.get("_classifier");
    if (last?.sent !== sent) {
      const weights = readSafetensors(bufferOf(sent.weights));
      const rejector = sent.rejector ? readRejector(bufferOf(sent.rejector)) : null;
      last = { sent, classifier: { ...sent, weights, rejector } };
    }
    return /** @type {{classifier: Classifier}} */ (last).classifier;
  };
}

/** Every layer's values for the image on show. @param {Classifier} classifier @param {Uint8Array | null} image */
export const read = ({ network, weights, temperature }, image) =>
  image ? forward(network, weights, image, { temperature }) : null;

/**
 * Call `listener` after these have changed, once for all that change together, until the returned function is called.
 * @param {Model} model
 * @param {string[]} names
 * @param {() => void} listener
 */
export function watch(model, names, listener) {
  let waiting = false;
  const later = () => {
    if (!waiting) queueMicrotask(tell);
    waiting = true;
  };
  const tell = () => {
    waiting = false;
    listener();
  };
  for (const name of names) model.on(`change:${name}`, later);
  return () => {
    for (const name of names) model.off(`change:${name}`, later);
  };
}
