/**
 * Pictures made smaller and larger, with the arithmetic of Pillow: its `reduce` and its bilinear `resize`.
 *
 * @typedef {import("./normalize.js").Picture} Picture
 * @typedef {import("./planes.js").Plane} Plane
 */

const FIXED = 22; // binary places of a byte's weights

/** Averaged down by a whole number until the longer side is at most `side`. @param {Picture} picture @param {number} side */
export function small(picture, side) {
  const factor = Math.ceil(Math.max(picture.height, picture.width) / side);
  return factor === 1 ? picture : reduced(picture, factor);
}

/** Blocks of `factor` × `factor` averaged, fewer at the right and the bottom. @param {Picture} picture @param {number} factor */
function reduced({ height, width, pixels }, factor) {
  const [rows, columns] = [Math.ceil(height / factor), Math.ceil(width / factor)];
  const result = new Uint8Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    const bottom = Math.min(height, (y + 1) * factor);
    for (let x = 0; x < columns; x++) {
      const right = Math.min(width, (x + 1) * factor);
      let sum = 0;
      for (let v = y * factor; v < bottom; v++)
        for (let u = x * factor; u < right; u++) sum += pixels[v * width + u];
      const count = (bottom - y * factor) * (right - x * factor);
      // Pillow multiplies by the inverse, rounded down to 24 binary places.
      result[y * columns + x] = ((sum + (count >> 1)) * Math.floor(2 ** 24 / count)) / 2 ** 24;
    }
  }
  return { height: rows, width: columns, pixels: result };
}

/**
 * Another size: linearly interpolated where it grows, averaged with falling weights where it shrinks.
 * Bytes stay bytes; anything else becomes single precision.
 * @template {Plane} P
 * @param {P} plane
 * @param {number} height
 * @param {number} width
 * @returns {P}
 */
export function resized(plane, height, width) {
  const wide = plane.width === width ? plane : along(plane, width, false);
  return plane.height === height ? wide : along(wide, height, true);
}

/** @template {Plane} P @param {P} plane @param {number} size @param {boolean} down @returns {P} */
function along(plane, size, down) {
  const { pixels } = plane;
  const [height, width] = down ? [size, plane.width] : [plane.height, size];
  const stride = down ? plane.width : 1;
  const bytes = pixels instanceof Uint8Array;
  const result = bytes ? new Uint8Array(height * width) : new Float32Array(height * width);
  triangles(down ? plane.height : plane.width, size).forEach(({ from, shares }, place) => {
    const weights = bytes ? shares.map((share) => Math.floor(share * 2 ** FIXED + 0.5)) : shares;
    for (let line = 0; line < (down ? width : height); line++) {
      let at = down ? from * stride + line : line * plane.width + from;
      let sum = bytes ? 2 ** (FIXED - 1) : 0;
      for (let k = 0; k < weights.length; k++, at += stride) sum += pixels[at] * weights[k];
      result[down ? place * width + line : line * width + place] = bytes ? sum >> FIXED : sum;
    }
  });
  return { ...plane, height, width, pixels: result };
}

/** For each of `size` samples the first of the `old` ones that go into it, and their shares. @param {number} old @param {number} size */
function triangles(old, size) {
  const step = old / size;
  const reach = Math.max(1, step);
  return Array.from({ length: size }, (_, i) => {
    const middle = (i + 0.5) * step;
    const from = Math.max(0, Math.trunc(middle - reach + 0.5));
    const to = Math.min(old, Math.trunc(middle + reach + 0.5));
    const heights = Array.from({ length: to - from }, (_, k) =>
      Math.max(0, 1 - Math.abs((k + from - middle + 0.5) / reach)),
    );
    const total = heights.reduce((a, b) => a + b, 0);
    return { from, shares: Float64Array.from(heights, (share) => share / total) };
  });
}
