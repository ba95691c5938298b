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
  const half =
    (z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials))) /
    (1 + (z * z) / trials);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/**
 * The difference between two shares of successes in the same trials, with 95 % confidence: Wald's interval with half a
 * trial added to each kind of pair (Agresti and Min, Statistics in Medicine 24, 2005).
 * @param {ArrayLike<number>} before 1 for a success, 0 for a failure, trial by trial
 * @param {ArrayLike<number>} after
 * @returns {{difference: number, low: number, high: number}}
 */
export function pairedDifference(before, after) {
  const n = before.length;
  let [lost, won] = [0, 0];
  for (let i = 0; i < n; i++) {
    if (before[i] > after[i]) lost += 1;
    if (before[i] < after[i]) won += 1;
  }
  const [pairs, down, up] = [n + 2, lost + 0.5, won + 0.5];
  const middle = (up - down) / pairs;
  const half = (1.959964 * Math.sqrt(up + down - (up - down) ** 2 / pairs)) / pairs;
  return {
    difference: (won - lost) / n,
    low: Math.max(-1, middle - half),
    high: Math.min(1, middle + half),
  };
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

/** @typedef {Uint8Array | Float32Array | Float64Array} Values */

/** @param {Values} values */
export function greatest(values) {
  let most = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  return most;
}

/** @param {Values} values */
export function least(values) {
  let fewest = Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] < fewest) fewest = values[i];
  return fewest;
}

/** The value that `share` percent lie below, interpolated as NumPy does. @param {Values} values @param {number} share */
export function percentile(values, share) {
  const place = ((values.length - 1) * share) / 100;
  const from = Math.floor(place);
  const [low, high] = neighbours(values, from);
  const part = place - from;
  return part < 0.5 ? low + part * (high - low) : high - (1 - part) * (high - low);
}

/** @param {Values} values */
export function median(values) {
  const [low, high] = neighbours(values, (values.length - 1) >> 1);
  return values.length % 2 ? low : (low + high) / 2;
}

/**
 * The values at `place` and after it, were all sorted: found by parting them again and again where the place lies (Hoare).
 * @param {Values} values
 * @param {number} place
 */
function neighbours(values, place) {
  const some = values.slice();
  let [from, to] = [0, some.length - 1];
  while (from < to) {
    const middle = some[(from + to) >> 1];
    let [i, j] = [from, to];
    while (i <= j) {
      while (some[i] < middle) i++;
      while (some[j] > middle) j--;
      if (i > j) break;
      const value = some[i];
      some[i++] = some[j];
      some[j--] = value;
    }
    if (place <= j) to = j;
    else if (place >= i) from = i;
    else break;
  }
  return [some[place], place + 1 < some.length ? least(some.subarray(place + 1)) : some[place]];
}

/** The standard deviation that the median absolute deviation stands for; 0 of nothing. @param {Values} values */
export function deviation(values) {
  if (!values.length) return 0;
  const some = sample(values);
  const middle = median(some);
  return 1.4826 * median(some.map((value) => Math.abs(value - middle)));
}

/** Some 20,000 of the values, evenly spread. @param {Values} values */
export function sample(values) {
  const every = Math.max(1, Math.floor(values.length / 20_000));
  const some = new Float64Array(Math.ceil(values.length / every));
  for (let i = 0; i < some.length; i++) some[i] = values[i * every];
  return some;
}
