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
  /** @type {{index: number, label: number, digit: number, probability: number}[]} */
  const mistakes = [];
  labels.forEach((label, index) => {
    const { probabilities, digit } = answer(scoresOf(logits, index));
    confusion[label][digit] += 1;
    if (digit !== label) mistakes.push({ index, label, digit, probability: probabilities[digit] });
  });
  mistakes.sort((a, b) => b.probability - a.probability);
  const right = n - mistakes.length;
  return {
    n,
    accuracy: right / n,
    interval: wilson(right, n),
    nll: score(logits, labels).loss,
    confusion_matrix: confusion,
    reliability: reliability(logits, labels),
    repaired: repaired(logits, labels),
    errors: mistakes.length,
    mistakes: mistakes.slice(0, MISTAKES),
  };
}

/** @param {Float32Array} logits @param {number} index of an image */
const scoresOf = (logits, index) => logits.subarray(CLASSES * index, CLASSES * (index + 1));

/** How sure against how often right, in bins of equal width. @param {Float32Array} logits @param {Uint8Array} labels */
function reliability(logits, labels) {
  const bins = Array.from({ length: BINS }, () => ({ count: 0, sum: 0, hits: 0 }));
  labels.forEach((label, index) => {
    const { probabilities, digit } = answer(scoresOf(logits, index));
    const probability = probabilities[digit];
    const bin = bins[Math.min(BINS - 1, Math.max(0, Math.ceil(probability * BINS) - 1))];
    bin.count += 1;
    bin.sum += probability;
    bin.hits += Number(digit === label);
  });
  const known = bins
    .map(({ count, sum, hits }, i) => ({
      low: i / BINS,
      high: (i + 1) / BINS,
      count,
      confidence: sum / count,
      accuracy: interval(hits, count),
    }))
    .filter(({ count }) => count > 0);
  const ece = known.reduce(
    (total, { count, confidence, accuracy }) =>
      total + (count / labels.length) * Math.abs(accuracy.value - confidence),
    0,
  );
  return { ece, bins: known };
}

/**
 * Reliability on every second image, before and after a temperature that was fitted to the images between them.
 * @param {Float32Array} logits
 * @param {Uint8Array} labels
 */
function repaired(logits, labels) {
  const [fitted, shown] = [0, 1].map((first) => {
    const places = Array.from(
      { length: (labels.length + 1 - first) >> 1 },
      (_, i) => 2 * i + first,
    );
    return {
      logits: Float32Array.from(places.flatMap((place) => Array.from(scoresOf(logits, place)))),
      labels: Uint8Array.from(places, (place) => labels[place]),
    };
  });
  const temperature = fitTemperature(fitted.logits, fitted.labels);
  const after = reliability(
    shown.logits.map((z) => z / temperature),
    shown.labels,
  );
  return { temperature, before: reliability(shown.logits, shown.labels).ece, ...after };
}

/**
 * The temperature T that makes softmax(logits / T) likeliest: the loss is convex in 1 / T, so halving finds it.
 * @param {Float32Array} logits
 * @param {Uint8Array} labels
 */
function fitTemperature(logits, labels) {
  const loss = (/** @type {number} */ logT) =>
    score(
      logits.map((z) => z * Math.exp(-logT)),
      labels,
    ).loss;
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(0.01), Math.log(100)];
  while (high - low > 1e-4) {
    const [left, right] = [high - golden * (high - low), low + golden * (high - low)];
    if (loss(left) < loss(right)) high = right;
    else low = left;
  }
  const best = (low + high) / 2;
  const gained = loss(best) < loss(0) && loss(best) > 0;
  return gained ? Math.exp(best) : 1;
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
