/** One convolution on one square sheet: how often its window fits, and what it writes. */

/** @typedef {{size: number, stride: number, padding: number}} Window */

/**
 * Places along a side, and how many rows at its end no window reaches.
 * @param {Window & {side: number}} window
 */
export function hops({ side, size, stride, padding }) {
  const room = side + 2 * padding - size;
  return { count: Math.floor(room / stride) + 1, left: room % stride };
}

/** A square sheet with `padding` empty pixels around it. @param {Uint8Array} pixels @param {number} side @param {number} padding */
export function padded(pixels, side, padding) {
  const wide = side + 2 * padding;
  const sheet = new Uint8Array(wide * wide);
  for (let y = 0; y < side; y++)
    sheet.set(pixels.subarray(y * side, (y + 1) * side), (y + padding) * wide + padding);
  return sheet;
}

/**
 * The map that a kernel writes of a sheet that is padded already.
 * @param {Uint8Array} sheet
 * @param {number} wide
 * @param {number[]} kernel
 * @param {Window} window
 * @returns {number[]} count × count
 */
export function convolved(sheet, wide, kernel, { size, stride }) {
  const { count } = hops({ side: wide, size, stride, padding: 0 });
  return Array.from({ length: count * count }, (_, i) => {
    const top = Math.floor(i / count) * stride;
    const left = (i % count) * stride;
    let sum = 0;
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++)
        sum += kernel[y * size + x] * (sheet[(top + y) * wide + left + x] / 255);
    return sum;
  });
}
