/**
 * "That is no digit": a small network over the last values of the large one, the counterpart of
 * `exmachina.runs.rejector`.
 *
 * @typedef {{hidden: Float32Array, hiddenBias: Float32Array, output: Float32Array, outputBias: number, noDigit: number,
 *   sure: number}} Rejector
 * @typedef {"sure" | "unsure" | "no digit"} Certainty
 * @typedef {{certainty: Certainty, digit: number, probability: number, second: number, isDigit: number | null}} Verdict
 *   what is read and how far to trust it; `second`: the next likeliest digit; `isDigit`: the chance that it is one
 */

import { argmax } from "./forward.js";
import { readSafetensors } from "./safetensors.js";

/** @param {ArrayBuffer} buffer the content of `rejector.safetensors` @returns {Rejector} */
export function readRejector(buffer) {
  const tensors = readSafetensors(buffer);
  const [noDigit, sure] = tensors.thresholds.values;
  return {
    hidden: tensors["hidden.weight"].values,
    hiddenBias: tensors["hidden.bias"].values,
    output: tensors["output.weight"].values,
    outputBias: tensors["output.bias"].values[0],
    noDigit,
    sure,
  };
}

/**
 * What each hidden unit says, for a digit if positive, against one if negative; their sum and the bias are the score.
 * @param {Rejector} rejector
 * @param {import("./forward.js").Result} result
 */
export function votes({ hidden, hiddenBias, output }, { layers, logits, probabilities }) {
  const inputs = [...layers[layers.length - 2].values, ...logits, ...probabilities];
  return Array.from(output, (weight, unit) => {
    let sum = hiddenBias[unit];
    const row = unit * inputs.length;
    for (let i = 0; i < inputs.length; i++) sum += hidden[row + i] * inputs[i];
    return weight * Math.max(sum, 0);
  });
}

/** The chance that it is a digit. @param {Rejector} rejector @param {import("./forward.js").Result} result */
export function chanceOfDigit(rejector, result) {
  const score = votes(rejector, result).reduce((sum, vote) => sum + vote, rejector.outputBias);
  return 1 / (1 + Math.exp(-score));
}

/**
 * How the library judges: by the rejector, or by the threshold of a run without one.
 * @param {{threshold?: number | null, rejector?: Rejector | null}} model
 * @param {import("./forward.js").Result} result
 * @returns {Verdict}
 */
export function judge({ threshold = null, rejector = null }, result) {
  if (!rejector) return judgeAlone(result.probabilities, threshold);
  const read = likeliest(result.probabilities);
  const isDigit = chanceOfDigit(rejector, result);
  const trusted = isDigit * read.probability >= rejector.sure;
  const certainty = isDigit < rejector.noDigit ? "no digit" : trusted ? "sure" : "unsure";
  return { ...read, certainty, isDigit };
}

const LINE = 0.5; // what a one counts against another digit: any line on paper looks like one

/**
 * How far to believe one look at a picture against another, 0 to 1; a run without a rejector cannot tell.
 * @param {Verdict} verdict
 */
export const trust = ({ digit, probability, isDigit }) =>
  probability * (isDigit ?? 0) * (digit === 1 ? LINE : 1);

/** How a run without a rejector is judged. @param {Float32Array} probabilities @param {number | null} threshold @returns {Verdict} */
export function judgeAlone(probabilities, threshold = null) {
  const read = likeliest(probabilities);
  const refused = threshold !== null && read.probability < threshold;
  return { ...read, certainty: refused ? "no digit" : "sure", isDigit: null };
}

/** @param {Float32Array} probabilities */
function likeliest(probabilities) {
  const digit = argmax(probabilities);
  const second = argmax(probabilities.map((share, i) => (i === digit ? -1 : share)));
  return { digit, probability: probabilities[digit], second };
}
