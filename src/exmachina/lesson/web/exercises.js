/**
 * Exercises that check themselves: each looks at the page's real state and says whether it is solved, and by what.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {{text: string, drawing?: string}} Proof what solved it, in words; `drawing`: strokes as in the address
 * @typedef {{id: string, title: string, text: string, hint: string, at: string, mine?: string,
 *   check: (state: State) => Proof | null}} Exercise
 *   `at`: the part of the page where it is done; `mine`: what the reader has to vouch for, as the page cannot know it
 */

import { chance, percent, plain, whole } from "./marks/format.js";
import { argmax } from "./network/forward.js";
import { judge } from "./network/rejector.js";
import { totals } from "./network/spec.js";
import { FIRST_FOCUS } from "./state.js";
import { t } from "./texts.js";
import { isLive } from "./training.js";
import { encodeStrokes } from "./url.js";

const FEW_PARAMETERS = 20_000;
const FEW_STEPS = 60;
const GUESSING = 0.12; // about what the most frequent digit earns

/** @returns {Exercise[]} */
export const exercises = () => [...drawn(), ...findings(), ...trained()];

/** Done on the pad. @returns {Exercise[]} */
const drawn = () => [
  {
    id: "three",
    title: t("A 3 in three strokes"),
    text: t("Make it read a 3 that you drew in exactly three strokes, at least 50 % sure."),
    hint: t("Two arcs need not be arcs: three short lines that a 3 might be made of will do."),
    at: "draw",
    check: (state) =>
      reads(state, (digit, share) => digit === 3 && share >= 0.5 && state.strokes.length === 3),
  },
  {
    id: "four",
    title: t("A 4 without lifting the pen"),
    text: t("One stroke, and it is at least 90 % sure of the 4."),
    hint: t("Go down, right, and then back over your own line."),
    at: "draw",
    check: (state) =>
      reads(state, (digit, share) => digit === 4 && share >= 0.9 && state.strokes.length === 1),
  },
  {
    id: "torn",
    title: t("Torn in two"),
    text: t("Draw something for which two digits get at least 35 % each."),
    hint: t("A 4 whose top nearly closes is on its way to a 9; a 1 with a long flag to a 7."),
    at: "draw",
    check: (state) => reads(state, (_digit, _share, second) => second >= 0.35),
  },
  {
    id: "fool",
    title: t("Fool it"),
    text: t("Draw something that is no digit, and make it at least 90 % sure of one."),
    hint: t(
      "It refuses most letters, hearts and faces. Hide yours behind a digit: what is nearly a 6?",
    ),
    at: "draw",
    mine: t("This is no digit"),
    check: (state) => reads(state, (_digit, share) => share >= 0.9),
  },
];

/**
 * Proof by the current drawing, if its reading is as wanted.
 * @param {State} state
 * @param {(digit: number, share: number, second: number) => boolean} wanted its digit, how sure, and the runner-up's share
 * @returns {Proof | null}
 */
function reads({ result, source, strokes, model, moment }, wanted) {
  if (!result || !model || moment || source.kind !== "drawing" || strokes.length === 0) return null;
  const shares = Array.from(result.probabilities);
  const digit = argmax(shares);
  if (judge(model, result).certainty === "no digit" && shares[digit] >= 0.5) return null; // it says so itself
  const second = Math.max(...shares.filter((_, i) => i !== digit));
  if (!wanted(digit, shares[digit], second)) return null;
  return {
    text: t("Read as {digit}, {chance} sure", { digit, chance: chance(shares[digit]) }),
    drawing: encodeStrokes(strokes),
  };
}

/** Done by looking. @returns {Exercise[]} */
const findings = () => [
  {
    id: "silent",
    title: t("A neuron that stays silent"),
    text: t("Choose a neuron in a layer with ReLU whose sum is negative, so that ReLU makes it 0."),
    hint: t("In the first convolution: a place in a map that shows paper where others show ink."),
    at: "see-overview",
    check({ model, result, focus }) {
      if (focus === FIRST_FOCUS) return null; // nobody chose it
      const layer = model?.network.layers[focus.layer];
      const values = result?.layers[focus.layer];
      if (!layer || !values || layer.type !== "Conv2D" || layer.activation !== "relu") return null;
      const [, height, width] = values.shape;
      const at = (focus.channel * height + focus.y) * width + focus.x;
      if (values.values[at] !== 0) return null;
      return {
        text: t("{name}, map {channel}: ReLU makes it 0", {
          name: layer.name,
          channel: focus.channel,
        }),
      };
    },
  },
  {
    id: "sure",
    title: t("Sure and wrong"),
    text: t("Find a test digit that it reads wrong although it is over 80 % sure."),
    hint: t("The most confident mistakes stand first."),
    at: "doubt-mistakes",
    check({ source, result, moment }) {
      if (!result || moment || source.kind !== "test" || source.label === undefined) return null;
      const digit = argmax(result.probabilities);
      const share = result.probabilities[digit];
      if (digit === source.label || share <= 0.8) return null;
      const { index = 0, label } = source;
      return { text: t("Test image {index}: a {label}, read as {digit}", { index, label, digit }) };
    },
  },
  {
    id: "early",
    title: t("When it still got it wrong"),
    text: t(
      "Go back in a training, past its start, to a moment that reads a labelled digit wrong.",
    ),
    hint: t(
      "Take a digit of MNIST, then drag the moment; most is learned in the first fifty steps.",
    ),
    at: "train-training",
    check({ source, result, moment, training }) {
      if (!result || !moment || moment.step === 0 || isLive(training)) return null;
      if (source.label === undefined || argmax(result.logits) === source.label) return null;
      const { label } = source;
      const digit = argmax(result.logits);
      return {
        text: t("At step {step} it took the {label} for a {digit}", {
          step: moment.step,
          label,
          digit,
        }),
      };
    },
  },
];

/** Done by training. @returns {Exercise[]} */
const trained = () => [
  {
    id: "broken",
    title: t("Too fast to learn"),
    text: t(
      "Find a learning rate at which it no longer learns: after at least 50 steps it is no better than guessing.",
    ),
    hint: t(
      "Batch normalisation makes fast hard to break. Take sprint, 0.15 epochs, and turn the rate up.",
    ),
    at: "train-training",
    check: (state) =>
      bestOf(state, ({ testAccuracy, steps }) => steps >= 50 && Number(testAccuracy) < GUESSING),
  },
  {
    id: "lean",
    title: t("Small and good"),
    text: t(
      "Build a network of fewer than 20,000 parameters and train it to at least 99 % of the test digits.",
    ),
    hint: t("Fewer kernels in the last convolution save most; then give it more epochs."),
    at: "build-blocks",
    check: (state) =>
      bestOf(
        state,
        ({ testAccuracy, network }) =>
          Number(testAccuracy) >= 0.99 && totals(network).parameters < FEW_PARAMETERS,
      ),
  },
  {
    id: "quick",
    title: t("Sixty steps"),
    text: t("Train to at least 97 % of the test digits in no more than 60 steps."),
    hint: t("Fewer epochs make fewer steps; so do larger batches, which cost time instead."),
    at: "train-training",
    check: (state) =>
      bestOf(
        state,
        ({ testAccuracy, steps }) => steps <= FEW_STEPS && Number(testAccuracy) >= 0.97,
      ),
  },
  {
    id: "hand",
    title: t("Teach it your hand"),
    text: t(
      "Keep digits of yours that it reads wrong, train on, and have it read all of them without losing more than half a percentage point on MNIST.",
    ),
    hint: t("Cross your 7, loop your 2, close your 4: whatever it does not know from MNIST."),
    at: "use-collection",
    check({ finished }) {
      const tuning = finished.find(({ end }) => end?.after && isTaught(end));
      if (!tuning) return null;
      const { before, after } = tuning.end;
      return {
        text: t("From {before} to {after} of your digits", {
          before: percent(before.collection, 0),
          after: percent(after.collection, 0),
        }),
      };
    },
  },
];

/** @param {{before: any, after: any}} end */
const isTaught = ({ before, after }) =>
  before.collection < 1 && after.collection === 1 && after.test >= before.test - 0.005;

/**
 * Proof by a finished training from scratch.
 * @param {State} state
 * @param {(training: import("./training.js").Training) => boolean} wanted
 * @returns {Proof | null}
 */
function bestOf({ finished }, wanted) {
  const good = finished.find(
    (training) => training.testAccuracy !== null && !training.end?.after && wanted(training),
  );
  if (!good) return null;
  return {
    text: t("{name}: {percent} right, {parameters} parameters, {steps} steps", {
      name: good.name,
      percent: percent(Number(good.testAccuracy), 2),
      parameters: whole(totals(good.network).parameters),
      steps: plain(good.steps),
    }),
  };
}

/**
 * The exercises that the state solves now and that were not solved before; those to vouch for are never among them.
 * @param {Exercise[]} all
 * @param {State} state
 * @returns {Record<string, Proof>}
 */
export function newlySolved(all, state) {
  /** @type {Record<string, Proof>} */
  const fresh = {};
  for (const { id, mine, check } of all) {
    if (mine || id in state.solved) continue;
    const proof = check(state);
    if (proof) fresh[id] = proof;
  }
  return fresh;
}
