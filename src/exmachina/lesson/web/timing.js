/**
 * How long a training will take on this computer, from a few steps taken in a worker: found out once for each network.
 *
 * @typedef {import("./network/spec.js").Network} Network
 */

import * as dataset from "./dataset.js";
import { threads, trySteps } from "./trainer.js";

const IMAGES = 64; // in a step that is timed
const STEPS = 6;
const READING = 1 / 3; // of the work on an image that is learned: forward, and not backward twice
const TESTED = 10_000;

/** @type {Map<string, Promise<number>>} seconds for each image that is learned, by network and threads */
const known = new Map();

/** @param {any} recipe @param {Network} network @param {number} threads @returns {Promise<number>} */
function secondsPerImage(recipe, network, threads) {
  const key = JSON.stringify([network.layers, threads]);
  let once = known.get(key);
  if (!once) {
    once = dataset
      .digits("train", { limit: IMAGES })
      .then((digits) => trySteps({ recipe, network, digits, steps: STEPS, threads }))
      .then((seconds) => Math.min(...seconds.slice(1)) / IMAGES); // the first step warms up
    once.catch(() => known.delete(key));
    known.set(key, once);
  }
  return once;
}

/** How many steps a recipe takes. @param {{epochs: number, batch_size: number}} recipe */
export const stepsOf = ({ epochs, batch_size: batch }) =>
  Math.max(1, Math.round((epochs * 60_000) / batch));

/**
 * Seconds that a training takes, its test on 10,000 images included.
 * @param {any} recipe
 * @param {Network} network
 * @param {number} [among] threads that share the work
 */
export async function secondsFor(recipe, network, among = threads) {
  const each = await secondsPerImage(recipe, network, among);
  return each * (stepsOf(recipe) * recipe.batch_size + READING * TESTED);
}
