/**
 * The little statistics that the page computes itself.
 */

/**
 * Wilson's interval for a share of successes: where the true share lies, with 95 % confidence.
 * @param {number} successes
 * @param {number} trials
 * @returns {[number, number]}
 */
export function wilson(successes, trials) {
  const z = 1.959964;
  const share = successes / trials;
  const middle = (share + (z * z) / (2 * trials)) / (1 + (z * z) / trials);
  const half = (z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials))) / (1 + (z * z) / trials);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/**
 * How many of `trials` succeed, each with probability `share`: drawn by the normal approximation, which is close
 * enough to show what luck does.
 * @param {number} share
 * @param {number} trials
 * @param {() => number} random
 */
export function luckyCount(share, trials, random) {
  const gauss = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const count = Math.round(share * trials + gauss * Math.sqrt(trials * share * (1 - share)));
  return Math.max(0, Math.min(trials, count));
}
