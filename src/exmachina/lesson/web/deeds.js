/**
 * What a reader has really done, seen in how the page's state changes; stops of a route are ticked by it.
 */

import { argmax } from "./network/forward.js";
import { isLive } from "./training.js";

import { FIRST_FOCUS } from "./state.js";

/** @typedef {import("./state.js").State} State */

/** Deeds that show in the state's change, by name. @type {Record<string, (now: State, before: State) => boolean>} */
const DEEDS = {
  drew: (now, before) =>
    now.source.kind === "drawing" && now.strokes.length > 0 && now.strokes !== before.strokes,
  browsed: (now, before) =>
    ["test", "train"].includes(now.source.kind) && now.source !== before.source,
  trained: (now) => fromScratch(now).length > 0,
  "trained-twice": (now) => fromScratch(now).length > 1,
  scrubbed: ({ moment, training }, before) =>
    moment !== null &&
    moment !== before.moment &&
    training !== null &&
    !isLive(training) &&
    moment.step < training.snapshots[training.snapshots.length - 1].step,
  neuron: (now, before) =>
    before.result !== null &&
    before.focus !== FIRST_FOCUS && // where the page itself moves it from
    now.model === before.model &&
    now.focus !== before.focus,
  mistaken: ({ source, result, moment }) =>
    source.label !== undefined &&
    result !== null &&
    moment === null &&
    argmax(result.logits) !== source.label,
  kept: (now, before) => now.kept > before.kept,
  tuned: ({ finished }) => finished.some(({ status, end }) => status === "done" && end?.after),
};

/** Trainings that ran to their end, those on one's own drawings aside. @param {State} state */
const fromScratch = ({ finished }) =>
  finished.filter(({ testAccuracy, end }) => testAccuracy !== null && !end?.after);

/** What somebody has done between two states. @param {State} now @param {State} before @returns {string[]} */
export const deedsBetween = (now, before) => [
  ...Object.keys(DEEDS).filter((deed) => DEEDS[deed](now, before)),
  ...Object.keys(now.answers).map((name) => `guessed:${name}`),
];
