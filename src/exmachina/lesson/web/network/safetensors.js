/**
 * Reading a safetensors file: 8 bytes with the header's length, a JSON header, then the numbers themselves.
 * https://github.com/huggingface/safetensors
 *
 * @typedef {{shape: number[], values: Float32Array}} Tensor
 * @typedef {Record<string, Tensor>} Weights
 */

/**
 * Every tensor of a file by name, as 32-bit floats (stored as F32, F16 or BF16).
 * @param {ArrayBuffer} buffer
 * @returns {Weights}
 */
export function readSafetensors(buffer) {
  const view = new DataView(buffer);
  const headerLength = buffer.byteLength < 8 ? 0 : Number(view.getBigUint64(0, true));
  if (headerLength < 2 || headerLength > buffer.byteLength - 8)
    throw new Error("This is not a safetensors file.");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, headerLength)));
  const start = 8 + headerLength;
  /** @type {Weights} */
  const weights = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [from, to] = entry.data_offsets;
    const read = READERS[entry.dtype];
    if (!read)
      throw new Error(
        `Tensor '${name}' is stored as ${entry.dtype}; F32, F16 and BF16 can be read.`,
      );
    const values = read(buffer.slice(start + from, start + to));
    const size = entry.shape.reduce(
      (/** @type {number} */ product, /** @type {number} */ n) => product * n,
      1,
    );
    if (values.length !== size)
      throw new Error(`Tensor '${name}' holds ${values.length} numbers, not ${size}.`);
    weights[name] = { shape: entry.shape, values };
  }
  return weights;
}

/** @type {Record<string, (bytes: ArrayBuffer) => Float32Array>} */
const READERS = {
  F32: (bytes) => new Float32Array(bytes),
  BF16: (bytes) => {
    const halves = new Uint16Array(bytes);
    // A bfloat16 is the upper half of a float32.
    return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
  },
  F16: (bytes) => Float32Array.from(new Uint16Array(bytes), halfToNumber),
};

/**
 * A 16-bit float: 1 sign bit, 5 of exponent, 10 of fraction.
 * @param {number} half
 */
function halfToNumber(half) {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
