/**
 * How the server's networks read the class: each drawing is read once by each, in a worker, when it comes.
 *
 * @typedef {{logits: Map<number, Float32Array>, assessed: ReturnType<typeof assess> | null}} Reading by drawing's number;
 *   of the drawings on the wall, in their order
 */

import * as api from "../api.js";
import { assess } from "../network/assess.js";
import { asDigits } from "./drawings.js";

/** The runs that came with the lesson; the teacher's own trainings are not the server's. */
export const serversRuns = () => {
  const own = new Set(api.ownRuns().map(({ id }) => id));
  return api.runs().filter(({ id }) => !own.has(id));
};

/** Read whatever comes, from now on. @param {import("./main.js").Store} store */
export function readClass(store) {
  const worker = new Worker(new URL("../engine/reader.js", import.meta.url), { type: "module" });
  let busy = false;
  store.watch(["drawings"], async () => {
    if (busy) return; // what comes meanwhile is seen at the end of the round
    busy = true;
    try {
      for (let seen = null; seen !== store.get().drawings; ) {
        seen = store.get().drawings;
        for (const { id } of serversRuns()) await readWith(worker, store, id);
      }
    } catch (error) {
      store.set({ error: error instanceof Error ? error.message : String(error) });
    }
    busy = false;
  });
}

/** @param {Worker} worker @param {import("./main.js").Store} store @param {string} run */
async function readWith(worker, store, run) {
  const known = store.get().readings[run]?.logits ?? new Map();
  const { drawings } = store.get();
  const unread = drawings.filter(({ id }) => !known.has(id));
  if (unread.length) {
    const [module, { network, weights }] = await Promise.all([
      api.engineModule(),
      api.loadRun(run),
    ]);
    const { images } = asDigits(unread);
    worker.postMessage({ module, images });
    const logits = await ask(worker, { network, weights });
    unread.forEach(({ id }, i) => known.set(id, logits.slice(10 * i, 10 * i + 10)));
  }
  const all = new Float32Array(10 * drawings.length);
  drawings.forEach(({ id }, i) => all.set(known.get(id) ?? [], 10 * i));
  const assessed = drawings.length ? assess(all, asDigits(drawings).labels) : null;
  store.set({ readings: { ...store.get().readings, [run]: { logits: known, assessed } } });
}

let last = 0;
/** @param {Worker} worker @param {any} order @returns {Promise<Float32Array>} */
function ask(worker, order) {
  const number = ++last;
  return new Promise((resolve, reject) => {
    const answer = (/** @type {MessageEvent} */ { data }) => {
      if (data.number !== number) return;
      worker.removeEventListener("message", answer);
      if (data.error) reject(new Error(data.error));
      else resolve(data.logits);
    };
    worker.addEventListener("message", answer);
    worker.postMessage({ number, ...order });
  });
}
