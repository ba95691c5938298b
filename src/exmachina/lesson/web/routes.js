/**
 * Ways through the page: which stops, in which order, how long each takes, and what has to be done there.
 *
 * @typedef {{id: string, at: string, minutes: number, text: string, uses?: string}} Stop
 *   `id`: what has to be done, a deed of deeds.js; `at`: the part of the page; `uses`: the control that must be used, where
 *   that is the deed
 * @typedef {{name: string, minutes: number, stops: Stop[]}} Route
 * @typedef {{route: string, deeds: string[], skipped: string[]}} Path what has been chosen, done and passed over
 */

import { t } from "./texts.js";

/** @type {Path} */
export const NO_PATH = { route: "", deeds: [], skipped: [] };

/** All routes by name. @returns {Record<string, Route>} */
export const routes = () => ({
  tour: route(t("The five-minute tour"), [
    { id: "drew", at: "draw", minutes: 0.5, text: t("Draw a digit and see how it is read") },
    {
      id: "guessed:average",
      at: "look-averages",
      minutes: 0.5,
      text: t("Guess: the average of all sevens"),
    },
    {
      id: "trained",
      at: "train-training",
      minutes: 1,
      text: t("Press “Train” and watch a network learn"),
    },
    {
      id: "scrubbed",
      at: "train-training",
      minutes: 1,
      text: t("Drag the moment back to when it knew nothing"),
    },
    { id: "neuron", at: "see-overview", minutes: 1, text: t("Choose a map: what one neuron sees") },
    {
      id: "guessed:better",
      at: "doubt-interval",
      minutes: 0.5,
      text: t("Guess: is 99.02 % better than 98.95 %?"),
    },
    {
      id: "kept",
      at: "use-picture",
      minutes: 0.5,
      text: t("Tell it what a digit of yours should be"),
    },
  ]),
  lesson: route(t("The whole lesson"), [
    { id: "drew", at: "draw", minutes: 2, text: t("Draw a digit and see how it is read") },
    {
      id: "browsed",
      at: "look-browse",
      minutes: 2,
      text: t("Take a digit of MNIST and look at its label"),
    },
    { id: "guessed:counts", at: "look-browse", minutes: 1, text: t("Guess: 6,000 of each?") },
    {
      id: "guessed:average",
      at: "look-averages",
      minutes: 2,
      text: t("Guess: the average of all sevens"),
    },
    {
      id: "unprepared",
      at: "prepare-normalising",
      minutes: 4,
      text: t("Switch off a step of the preparation"),
      uses: '[data-panel="prepare/normalising"] input[type="checkbox"]',
    },
    {
      id: "guessed:where",
      at: "build-blocks",
      minutes: 3,
      text: t("Guess: where do the parameters sit?"),
    },
    {
      id: "guessed:loss",
      at: "build-loss",
      minutes: 3,
      text: t("Guess: how should the penalty grow?"),
    },
    {
      id: "trained",
      at: "train-training",
      minutes: 4,
      text: t("Press “Train” and watch a network learn"),
    },
    {
      id: "scrubbed",
      at: "train-training",
      minutes: 2,
      text: t("Drag the moment back to when it knew nothing"),
    },
    {
      id: "trained-twice",
      at: "train-training",
      minutes: 4,
      text: t("Change the learning rate, train again, compare"),
    },
    { id: "neuron", at: "see-overview", minutes: 4, text: t("Choose a map: what one neuron sees") },
    {
      id: "slid",
      at: "see-sliding",
      minutes: 3,
      text: t("Let a kernel slide over your digit"),
      uses: '[data-panel="see/sliding"] :is(button, input)',
    },
    {
      id: "guessed:better",
      at: "doubt-interval",
      minutes: 3,
      text: t("Guess: is 99.02 % better than 98.95 %?"),
    },
    {
      id: "mistaken",
      at: "doubt-mistakes",
      minutes: 2,
      text: t("Look at a digit that it reads wrong"),
    },
    {
      id: "guessed:leak",
      at: "doubt-leak",
      minutes: 2,
      text: t("Guess: may you report the best of many?"),
    },
    {
      id: "kept",
      at: "use-picture",
      minutes: 2,
      text: t("Tell it what a digit of yours should be"),
    },
    { id: "tuned", at: "use-collection", minutes: 2, text: t("Teach it your hand") },
  ]),
});

/** @param {string} name @param {Stop[]} stops @returns {Route} */
const route = (name, stops) => ({
  name,
  minutes: stops.reduce((sum, { minutes }) => sum + minutes, 0),
  stops,
});

/**
 * How far somebody is: the next stop is the first that is neither done nor passed over.
 * @param {Route} route
 * @param {Path} path
 */
export function progress({ stops }, { deeds, skipped }) {
  const done = stops.filter(({ id }) => deeds.includes(id));
  const left = stops.filter(({ id }) => !deeds.includes(id) && !skipped.includes(id));
  return {
    done: done.length,
    all: stops.length,
    next: left[0] ?? null,
    minutes: left.reduce((sum, { minutes }) => sum + minutes, 0),
  };
}

/** Begin a route, or end it with "". What was done stays done. @param {Path} path @param {string} name @returns {Path} */
export const begin = (path, name) => ({ ...path, route: name, skipped: [] });

/** @param {Path} path @param {string[]} deeds @returns {Path} the same if there is nothing new */
export function did(path, deeds) {
  const fresh = deeds.filter((deed) => !path.deeds.includes(deed));
  return fresh.length ? { ...path, deeds: [...path.deeds, ...new Set(fresh)] } : path;
}

/** Pass over a stop. @param {Path} path @param {string} id @returns {Path} */
export const skip = (path, id) => ({ ...path, skipped: [...path.skipped, id] });
