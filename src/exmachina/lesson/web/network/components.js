/**
 * Principal components: the directions in which rows of numbers differ most.
 *
 * @typedef {{axes: Float64Array[], places: number[][], shares: number[]}} Components
 *   `axes`: unit directions (d); `places`: each row's coordinates along them; `shares`: the part of all squared distances
 *   from the origin that each holds
 */

/**
 * The first `wanted` components of rows that are given relative to their origin.
 * @param {ArrayLike<number>[]} rows (n, d)
 * @param {number} [wanted]
 * @returns {Components}
 */
export function principalComponents(rows, wanted = 2) {
  const products = rows.map((row, i) =>
    Float64Array.from(rows, (other, j) => (j <= i ? dot(row, other) : 0)),
  );
  products.forEach((line, i) => {
    for (let j = i + 1; j < line.length; j++) line[j] = products[j][i];
  });
  const { values, vectors } = eigen(products);
  const order = values
    .map((_, i) => i)
    .sort((a, b) => values[b] - values[a])
    .slice(0, wanted);
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  const sizes = order.map((i) => Math.sqrt(Math.max(values[i], 0)));
  return {
    axes: order.map((i, axis) => {
      const direction = new Float64Array(rows[0].length);
      rows.forEach((row, r) => {
        const part = sizes[axis] > 0 ? vectors[r][i] / sizes[axis] : 0;
        for (let j = 0; j < direction.length; j++) direction[j] += part * row[j];
      });
      return direction;
    }),
    places: rows.map((_, r) => order.map((i, axis) => vectors[r][i] * sizes[axis])),
    shares: sizes.map((size) => (total > 0 ? size ** 2 / total : 0)),
  };
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * Eigenvalues and eigenvectors (in columns) of a symmetric matrix, which is overwritten: Jacobi's rotations.
 * @param {Float64Array[]} matrix (n, n)
 */
function eigen(matrix) {
  const n = matrix.length;
  const vectors = matrix.map((_, i) =>
    Float64Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)),
  );
  const size = Math.sqrt(matrix.reduce((sum, line) => sum + dot(line, line), 0));
  for (let sweep = 0; sweep < 60; sweep++) {
    let rest = 0;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const off = matrix[p][q];
        rest += off * off;
        if (Math.abs(off) > 1e-15 * size) rotate(matrix, vectors, p, q);
      }
    if (Math.sqrt(rest) <= 1e-12 * size) break;
  }
  return { values: matrix.map((line, i) => line[i]), vectors };
}

/** Turn rows and columns p and q until their product is zero. @param {Float64Array[]} matrix @param {Float64Array[]} vectors
 * @param {number} p @param {number} q */
function rotate(matrix, vectors, p, q) {
  const n = matrix.length;
  const theta = (matrix[q][q] - matrix[p][p]) / (2 * matrix[p][q]);
  const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const cosine = 1 / Math.hypot(tangent, 1);
  const sine = tangent * cosine;
  for (let i = 0; i < n; i++) {
    const line = matrix[i];
    [line[p], line[q]] = [cosine * line[p] - sine * line[q], sine * line[p] + cosine * line[q]];
    const own = vectors[i];
    [own[p], own[q]] = [cosine * own[p] - sine * own[q], sine * own[p] + cosine * own[q]];
  }
  const [above, below] = [matrix[p], matrix[q]];
  for (let i = 0; i < n; i++)
    [above[i], below[i]] = [
      cosine * above[i] - sine * below[i],
      sine * above[i] + cosine * below[i],
    ];
}
