/**
 * Test digits read in a worker, by whatever network the page shows.
 *
 * @typedef {{logits: Float32Array, labels: Uint8Array}} Read scores (N, 10) in a row, and the labels
 */

import * as api from "./api.js";
import * as dataset from "./dataset.js";
import { t } from "./texts.js";

const PIXELS = 784;
const CLASSES = 10;

/**
 * A reader of the first `count` test digits. The digits are fetched when first asked for.
 * @param {number} count
 */
export function testReader(count) {
  /** @type {Promise<{worker: Worker, labels: Uint8Array}> | null} */
  let opening = null;
  /** @type {Map<number, {resolve: (logits: Float32Array) => void, reject: (error: Error) => void}>} */
  const waiting = new Map();
  let number = 0;

  async function open() {
    const [module, { images, labels }] = await Promise.all([
      api.engineModule(),
      dataset.testDigits(),
    ]);
    const worker = new Worker(new URL("./engine/reader.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => {
      const asked = waiting.get(data.number);
      waiting.delete(data.number);
      if (data.error) asked?.reject(new Error(data.error));
      else asked?.resolve(data.logits);
    };
    worker.onerror = ({ message }) => {
      for (const { reject } of waiting.values())
        reject(new Error(message || t("the reader could not be started")));
      waiting.clear();
      opening = null;
    };
    worker.postMessage({ module, images: images.slice(0, PIXELS * count) });
    return { worker, labels: labels.slice(0, count) };
  }

  return {
    /**
     * @param {{network: import("./network/spec.js").Network, weights: import("./network/safetensors.js").Weights}} model
     * @returns {Promise<Read>}
     */
    async read({ network, weights }) {
      opening ??= open().catch((error) => {
        opening = null;
        throw error;
      });
      const { worker, labels } = await opening;
      const logits = await new Promise(
        (/** @type {(logits: Float32Array) => void} */ resolve, reject) => {
          waiting.set(++number, { resolve, reject });
          worker.postMessage({ number, network, weights });
        },
      );
      return { logits, labels };
    },
  };
}

/** 1 for each digit that was read right, 0 for the others. @param {Read} read */
export const rightOnes = ({ logits, labels }) =>
  labels.map((label, i) => {
    const scores = logits.subarray(CLASSES * i, CLASSES * (i + 1));
    return Number(scores.indexOf(Math.max(...scores)) === label);
  });
