/**
 * Flat slices through the space of all weights, and the loss over them. The counterpart of `exmachina.inspection`'s
 * `plane_of_trajectory` and `loss_surface`.
 *
 * @typedef {import("../network/spec.js").Network} Network
 * @typedef {import("../network/safetensors.js").Weights} Weights
 * @typedef {{origin: Float32Array, first: Float32Array, second: Float32Array}} Plane all numbers
 *   origin + a · first + b · second
 * @typedef {{plane: Plane, points: [number, number][], share: number}} Trajectory `points`: where the snapshots lie in the
 *   plane; `share`: the part of the way that it holds
 */

import { generator } from "../network/dropout.js";
import { dot, principalComponents } from "../network/components.js";
import { count } from "../network/spec.js";
import { flattened, learnedMask, weightShapes } from "./shapes.js";

/**
 * The plane in which a training moved most: the first two principal components of its snapshots as seen from the last.
 * A coordinate is the change of a weight (root mean square over all). Li et al. 2018, section 7, arXiv:1712.09913.
 * @param {Network} network
 * @param {Weights[]} snapshots
 * @returns {Trajectory}
 */
export function planeOfTrajectory(network, snapshots) {
  const shapes = weightShapes(network);
  const learned = learnedMask(shapes);
  const rows = snapshots.map((weights) => flattened(shapes, weights));
  const origin = rows[rows.length - 1];
  const ways = rows.map((row) => row.map((number, i) => learned[i] * (number - origin[i])));
  const { axes, places, shares } = principalComponents(ways);
  const length = Math.sqrt(learned.reduce((sum, one) => sum + one, 0));
  const signs = axes.map((_, axis) => (places[0][axis] < 0 ? -1 : 1)); // the start to the right and up
  const [first, second] = axes.map((axis, i) =>
    Float32Array.from(axis, (part) => part * signs[i] * length),
  );
  const points = places.map(
    ([a, b]) =>
      /** @type {[number, number]} */ ([(a * signs[0]) / length, (b * signs[1]) / length]),
  );
  return { plane: { origin, first, second }, points, share: shares[0] + shares[1] };
}

/**
 * Two random directions around a network, each kernel's part as long as the kernel itself, for a small kernel feels a
 * small change as much as a large one a large change. Biases and batch norm stay. Li et al. 2018, section 4.
 * @param {Network} network
 * @param {Weights} weights
 * @param {number} seed
 * @returns {Plane}
 */
export function randomPlane(network, weights, seed) {
  const shapes = weightShapes(network);
  const random = generator(seed);
  const origin = flattened(shapes, weights);
  const direction = () => {
    const row = new Float32Array(origin.length);
    let at = 0;
    for (const shape of Object.values(shapes)) {
      const filters = shape.length > 1 ? shape[0] : 0;
      const size = count(shape) / (filters || 1);
      for (let f = 0; f < filters; f++)
        row.set(
          asLongAs(origin.subarray(at + f * size, at + (f + 1) * size), random),
          at + f * size,
        );
      at += count(shape);
    }
    return row;
  };
  return { origin, first: direction(), second: direction() };
}

/** A random direction of a kernel's length. @param {Float32Array} kernel @param {() => number} random */
function asLongAs(kernel, random) {
  const way = kernel.map(
    () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
  const factor = Math.sqrt(dot(kernel, kernel) / (dot(way, way) || 1));
  return way.map((part) => part * factor);
}

/** All weights at a place of a plane, in a row. @param {Plane} plane @param {number} a @param {number} b */
export const numbersAt = ({ origin, first, second }, a, b) =>
  origin.map((number, i) => number + a * first[i] + b * second[i]);

/**
 * A square that holds some points and the room around them.
 * @param {[number, number][]} points
 * @param {number} [margin] on either side, as a part of the way
 */
export function square(points, margin = 0.3) {
  const ranges = [0, 1].map((axis) => {
    const along = points.map((point) => point[axis]);
    return [Math.min(...along), Math.max(...along)];
  });
  const half = Math.max(...ranges.map(([low, high]) => high - low)) * (0.5 + margin);
  const [x, y] = ranges.map(([low, high]) => (low + high) / 2);
  return { x: [x - half, x + half], y: [y - half, y + half] };
}

/**
 * The loss on a grid, coarse first and then finer: every cell real as soon as its turn has come, until then that of the
 * nearest cell known. Row 0 is at the top, where b is largest.
 * @param {(a: number, b: number) => number} loss
 * @param {{x: number[], y: number[]}} bounds
 * @param {number} size 2ⁿ + 1 cells a side
 * @returns {Generator<{losses: Float32Array, done: number}>} the same array each time; `done` is the part computed
 */
export function* surface(loss, { x, y }, size) {
  const losses = new Float32Array(size * size).fill(Number.NaN);
  const known = new Uint8Array(size * size);
  let computed = 0;
  for (let stride = (size - 1) / 4; stride >= 1; stride /= 2) {
    for (let row = 0; row < size; row += stride)
      for (let column = 0; column < size; column += stride) {
        if (known[row * size + column]) continue;
        const a = x[0] + ((x[1] - x[0]) * column) / (size - 1);
        const b = y[1] - ((y[1] - y[0]) * row) / (size - 1);
        spread(loss(a, b), row, column, Math.floor(stride / 2));
        known[row * size + column] = 1;
        yield { losses, done: ++computed / (size * size) };
      }
  }

  /** @param {number} value @param {number} row @param {number} column @param {number} around */
  function spread(value, row, column, around) {
    for (let i = Math.max(0, row - around); i <= Math.min(size - 1, row + around); i++)
      for (let j = Math.max(0, column - around); j <= Math.min(size - 1, column + around); j++)
        if (!known[i * size + j]) losses[i * size + j] = value;
  }
}
