/**
 * The last steps to MNIST's convention, with exactly the arithmetic of exmachina/images/mnist.py: another size, and the
 * middle of 28×28. Apart from normalize.js because strokes need nothing else, and the first screen only strokes.
 *
 * @typedef {import("./normalize.js").Picture} Picture
 */

export const SIDE = 28;
export const BOX = 20; // the longer side of the ink
export const CENTRE = 14; // where MNIST's own digits balance, half a pixel past the geometric 13.5
const HALVES = 1e-6; // of a level: a mean of n.5 is rounded upward, in whatever order it was summed

/** Halves upward, as the library rounds. @param {number} value */
export const round = (value) => Math.floor(value + 0.5);

/**
 * Another size: averaged over areas when it shrinks, interpolated linearly when it grows.
 * @param {Picture} picture
 * @param {number} height
 * @param {number} width
 * @returns {Picture}
 */
export function resize(picture, height, width) {
  if (picture.height === height && picture.width === width) return picture;
  const rows = shares(picture.height, height);
  const columns = shares(picture.width, width);
  const narrow = new Float64Array(picture.height * width); // first along the lines, then down the columns
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (const [from, share] of columns[x])
        sum += share * picture.pixels[y * picture.width + from];
      narrow[y * width + x] = sum;
    }
  }
  const pixels = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (const [from, share] of rows[y]) sum += share * narrow[from * width + x];
      pixels[y * width + x] = round(sum + HALVES);
    }
  }
  return { height, width, pixels };
}

/**
 * For each new sample the old ones that go into it, and their shares.
 * @param {number} before
 * @param {number} after
 * @returns {[number, number][][]}
 */
function shares(before, after) {
  const step = before / after;
  return Array.from({ length: after }, (_, i) => {
    /** @type {[number, number][]} */
    const list = [];
    const place = Math.min(Math.max((i + 0.5) * step - 0.5, 0), before - 1);
    for (let j = 0; j < before; j++) {
      const share =
        after < before
          ? Math.max(0, Math.min((i + 1) * step, j + 1) - Math.max(i * step, j)) / step
          : Math.max(0, 1 - Math.abs(place - j));
      if (share > 0) list.push([j, share]);
    }
    return list;
  });
}

/**
 * On empty 28×28, shifted by whole pixels so that the ink balances at `CENTRE` and none is pushed over the edge.
 * @param {Picture} picture
 * @returns {Picture}
 */
export function centre(picture) {
  if (Math.max(picture.height, picture.width) > SIDE) picture = resize(picture, SIDE, SIDE);
  const [y, x] = centreOfMass(picture);
  const corner = (/** @type {number} */ balance, /** @type {number} */ length) =>
    Math.min(Math.max(round(CENTRE - balance), 0), SIDE - length);
  return placed(picture, corner(y, picture.height), corner(x, picture.width));
}

/** Where the ink balances: [y, x] in pixel indices. @param {Picture} picture */
export function centreOfMass({ height, width, pixels }) {
  let [mass, momentY, momentX] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const ink = pixels[y * width + x];
      mass += ink;
      momentY += ink * y;
      momentX += ink * x;
    }
  }
  return mass === 0 ? [(height - 1) / 2, (width - 1) / 2] : [momentY / mass, momentX / mass];
}

/** @param {Picture} picture */
export function inTheMiddle(picture) {
  return placed(
    picture,
    Math.floor((SIDE - picture.height) / 2),
    Math.floor((SIDE - picture.width) / 2),
  );
}

/** @param {Picture} picture @param {number} top @param {number} left @returns {Picture} */
function placed(picture, top, left) {
  const pixels = new Uint8Array(SIDE * SIDE);
  for (let y = 0; y < picture.height; y++) {
    const line = picture.pixels.subarray(y * picture.width, (y + 1) * picture.width);
    pixels.set(line, (top + y) * SIDE + left);
  }
  return { height: SIDE, width: SIDE, pixels };
}
