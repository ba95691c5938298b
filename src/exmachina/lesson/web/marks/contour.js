/** Lines of equal height on a grid of values: marching squares. */

/**
 * @param {ArrayLike<number>} values (size, size), row after row
 * @param {number} size
 * @param {number} level
 * @returns {[number, number, number, number][]} pieces of line, x1 y1 x2 y2; a value's own place is the middle of its cell
 */
export function contour(values, size, level) {
  /** @type {[number, number, number, number][]} */
  const pieces = [];
  for (let row = 0; row + 1 < size; row++)
    for (let column = 0; column + 1 < size; column++) {
      const at = row * size + column;
      const corners = [values[at], values[at + 1], values[at + size + 1], values[at + size]];
      if (!corners.every(Number.isFinite)) continue; // not known yet
      const ends = crossings(corners, level).map(([x, y]) => [column + x + 0.5, row + y + 0.5]);
      for (let i = 0; i + 1 < ends.length; i += 2)
        pieces.push([ends[i][0], ends[i][1], ends[i + 1][0], ends[i + 1][1]]);
    }
  return pieces;
}

/** Corners of a cell in turn, from the top left. */
const CORNERS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

/** Where a level crosses a cell's sides, in turn; two that follow each other belong together. @param {number[]} corners
 * @param {number} level @returns {number[][]} */
function crossings(corners, level) {
  const points = CORNERS.flatMap(([x, y], i) => {
    const next = (i + 1) % 4;
    const [a, b] = [corners[i], corners[next]];
    if (a < level === b < level) return [];
    const share = (level - a) / (b - a);
    const [toX, toY] = CORNERS[next];
    return [[x + share * (toX - x), y + share * (toY - y)]];
  });
  if (points.length < 4) return points;
  // A saddle: what its middle is decides which corners are cut off.
  const middle = corners.reduce((sum, value) => sum + value, 0) / 4;
  return middle < level === corners[0] < level
    ? points
    : [points[3], points[0], points[1], points[2]];
}
