/**
 * How well a network reads a labelled set, from its scores: the page's half of the library's own evaluation.
 *
 * @typedef {{value: number, low: number, high: number}} Interval
 */

import { wilson } from "./statistics.js";

const CLASSES = 10;
const BINS = 15;
const MISTAKES = 400;

/**
 * Mean −log of the probability given to the label, and the share of images read right.
 * @param {Float32Array} logits (N, 10) in a row
 * @param {Uint8Array} labels
 */
export function score(logits, labels) {
  let loss = 0;
  let right = 0;
  labels.forEach((label, i) => {
    const { probabilities, digit } = answer(logits.subarray(CLASSES * i, CLASSES * (i + 1)));
    loss -= Math.log(Math.max(probabilities[label], 1e-300));
    right += Number(digit === label);
  });
  return { loss: loss / labels.length, accuracy: right / labels.length };
}

/**
 * What the Doubt chapter shows of a network.
 * @param {Float32Array} logits (N, 10) in a row
 * @param {Uint8Array} labels
 */
export function assess(logits, labels) {
  const n = labels.length;
  const confusion = Array.from({ length: CLASSES }, () => Array(CLASSES).fill(0));
  const bins = Array.from({ length: BINS }, () => ({ count: 0, sum: 0, hits: 0 }));
  /** @type {{index: number, label: number, digit: number, probability: number}[]} */
  const mistakes = [];
  labels.forEach((label, index) => {
    const { probabilities, digit } = answer(
      logits.subarray(CLASSES * index, CLASSES * (index + 1)),
    );
    const probability = probabilities[digit];
    confusion[label][digit] += 1;
    const bin = bins[Math.min(BINS - 1, Math.max(0, Math.ceil(probability * BINS) - 1))];
    bin.count += 1;
    bin.sum += probability;
    bin.hits += Number(digit === label);
    if (digit !== label) mistakes.push({ index, label, digit, probability });
  });
  mistakes.sort((a, b) => b.probability - a.probability);
  const right = n - mistakes.length;
  const filled = bins.map(({ count, sum, hits }, i) => ({
    low: i / BINS,
    high: (i + 1) / BINS,
    count,
    confidence: sum / count,
    accuracy: interval(hits, count),
  }));
  const known = filled.filter(({ count }) => count > 0);
  const ece = known.reduce(
    (total, { count, confidence, accuracy }) =>
      total + (count / n) * Math.abs(accuracy.value - confidence),
    0,
  );
  return {
    n,
    accuracy: right / n,
    interval: wilson(right, n),
    nll: score(logits, labels).loss,
    confusion_matrix: confusion,
    reliability: { ece, bins: known },
    errors: mistakes.length,
    mistakes: mistakes.slice(0, MISTAKES),
  };
}

/** @param {number} hits @param {number} count @returns {Interval} */
function interval(hits, count) {
  const [low, high] = wilson(hits, count);
  return { value: hits / count, low, high };
}

/** @param {Float32Array} logits of one image */
function answer(logits) {
  let digit = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[digit]) digit = i;
  const powers = Array.from(logits, (score) => Math.exp(score - logits[digit]));
  const sum = powers.reduce((a, b) => a + b, 0);
  return { probabilities: powers.map((power) => power / sum), digit };
}
