/**
 * How a gradient becomes a step, for one weight and in the open. The engine does the same for all of them; a test holds
 * the two together.
 *
 * @typedef {import("../engine/model.js").OptimizerSettings} OptimizerSettings
 * @typedef {{weight: number, gradient: number, first: number, second: number, steps: number}} Before
 *   `first`, `second`: what the optimizer remembers; `steps`: how many it has taken
 * @typedef {{first: number, second: number, step: number, weight: number}} After
 */

/**
 * @param {OptimizerSettings} settings
 * @param {number} rate
 * @param {Before} before
 * @returns {After}
 */
export function take(settings, rate, before) {
  const { optimizer } = settings;
  if (optimizer === "adamw") return adamw(settings, rate, before);
  return optimizer === "adadelta" ? adadelta(settings, rate, before) : sgd(settings, rate, before);
}

/** With Nesterov's momentum: the step looks ahead along the velocity. @param {OptimizerSettings} settings @param {number} rate
 * @param {Before} before @returns {After} */
function sgd({ momentum, weight_decay }, rate, { weight, gradient, first, second }) {
  const slope = gradient + weight_decay * weight;
  const velocity = momentum * first + slope;
  const step = -rate * (momentum > 0 ? slope + momentum * velocity : velocity);
  return { first: velocity, second, step, weight: weight + step };
}

/** Loshchilov and Hutter 2019, arXiv:1711.05101. @param {OptimizerSettings} settings @param {number} rate
 * @param {Before} before @returns {After} */
function adamw({ betas, epsilon, weight_decay }, rate, { weight, gradient, first, second, steps }) {
  const mean = betas[0] * first + (1 - betas[0]) * gradient;
  const square = betas[1] * second + (1 - betas[1]) * gradient ** 2;
  const unbiased = (/** @type {number} */ value, /** @type {number} */ beta) =>
    value / (1 - beta ** (steps + 1));
  const descent = unbiased(mean, betas[0]) / (Math.sqrt(unbiased(square, betas[1])) + epsilon);
  const step = -rate * (descent + weight_decay * weight);
  return { first: mean, second: square, step, weight: weight + step };
}

/** Zeiler 2012, arXiv:1212.5701. @param {OptimizerSettings} settings @param {number} rate
 * @param {Before} before @returns {After} */
function adadelta({ rho, epsilon, weight_decay }, rate, { weight, gradient, first, second }) {
  const slope = gradient + weight_decay * weight;
  const square = rho * first + (1 - rho) * slope ** 2;
  const delta = Math.sqrt((second + epsilon) / (square + epsilon)) * slope;
  const step = -rate * delta;
  return {
    first: square,
    second: rho * second + (1 - rho) * delta ** 2,
    step,
    weight: weight + step,
  };
}
