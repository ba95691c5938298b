/**
 * The arithmetic of each kind of layer. Maps are stored channel after channel, line after line: value (c, y, x) of
 * maps (channels, height, width) is at [(c * height + y) * width + x].
 */

/**
 * Weighted sums: out[f, p] = bias[f] + Σ weight[f, i] · rows[p, i]. Everything that learns is made of these.
 * @param {Float32Array} weight (filters, length)
 * @param {Float32Array} bias (filters)
 * @param {Float32Array} rows (positions, length)
 * @returns {Float32Array} (filters, positions)
 */
export function weightedSums(weight, bias, rows) {
  const filters = bias.length;
  const length = weight.length / filters;
  const positions = rows.length / length;
  const out = new Float32Array(filters * positions);
  for (let f = 0; f < filters; f++) {
    for (let p = 0; p < positions; p++) {
      if (f % 4 === 0 && p % 2 === 0 && f + 4 <= filters && p + 2 <= positions)
        eightSums(weight, bias, rows, f, p, out);
      if (f < filters - (filters % 4) && p < positions - (positions % 2)) continue;
      let sum = bias[f];
      for (let i = 0; i < length; i++) sum += weight[f * length + i] * rows[p * length + i];
      out[f * positions + p] = sum;
    }
  }
  return out;
}

/**
 * The same for four filters at two positions at once: eight products for every six numbers fetched, which is about
 * twice as fast.
 * @param {Float32Array} weight @param {Float32Array} bias @param {Float32Array} rows
 * @param {number} f @param {number} p @param {Float32Array} out
 */
function eightSums(weight, bias, rows, f, p, out) {
  const length = weight.length / bias.length;
  const positions = rows.length / length;
  const w0 = f * length,
    w1 = w0 + length,
    w2 = w1 + length,
    w3 = w2 + length;
  const first = p * length,
    second = first + length;
  let a0 = bias[f],
    a1 = bias[f + 1],
    a2 = bias[f + 2],
    a3 = bias[f + 3];
  let b0 = a0,
    b1 = a1,
    b2 = a2,
    b3 = a3;
  for (let i = 0; i < length; i++) {
    const a = rows[first + i],
      b = rows[second + i];
    const x0 = weight[w0 + i],
      x1 = weight[w1 + i],
      x2 = weight[w2 + i],
      x3 = weight[w3 + i];
    (a0 += x0 * a), (a1 += x1 * a), (a2 += x2 * a), (a3 += x3 * a);
    (b0 += x0 * b), (b1 += x1 * b), (b2 += x2 * b), (b3 += x3 * b);
  }
  const at = f * positions + p;
  (out[at] = a0),
    (out[at + positions] = a1),
    (out[at + 2 * positions] = a2),
    (out[at + 3 * positions] = a3);
  (out[at + 1] = b0),
    (out[at + positions + 1] = b1),
    (out[at + 2 * positions + 1] = b2),
    (out[at + 3 * positions + 1] = b3);
}

/**
 * The patch under the kernel at every position, one row each: (positions, channels · kernel · kernel).
 * Outside the maps there are zeros.
 * @param {Float32Array} maps
 * @param {number[]} shape [channels, height, width]
 * @param {{kernel: number, stride: number, padding: number}} options
 */
export function patches(maps, [channels, height, width], { kernel, stride, padding }) {
  const outHeight = Math.floor((height + 2 * padding - kernel) / stride) + 1;
  const outWidth = Math.floor((width + 2 * padding - kernel) / stride) + 1;
  const rows = new Float32Array(outHeight * outWidth * channels * kernel * kernel);
  let i = 0;
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      for (let c = 0; c < channels; c++) {
        for (let ky = 0; ky < kernel; ky++) {
          const fromY = y * stride - padding + ky;
          const line = (c * height + fromY) * width;
          for (let kx = 0; kx < kernel; kx++, i++) {
            const fromX = x * stride - padding + kx;
            if (fromY >= 0 && fromY < height && fromX >= 0 && fromX < width)
              rows[i] = maps[line + fromX];
          }
        }
      }
    }
  }
  return rows;
}

/**
 * The largest value of each size × size square.
 * @param {Float32Array} maps
 * @param {number[]} shape
 * @param {number} size
 */
export function maxPool(maps, [channels, height, width], size) {
  const outHeight = Math.floor(height / size);
  const outWidth = Math.floor(width / size);
  const out = new Float32Array(channels * outHeight * outWidth);
  let i = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < outHeight; y++) {
      for (let x = 0; x < outWidth; x++, i++) {
        let largest = -Infinity;
        for (let py = 0; py < size; py++) {
          const line = (c * height + y * size + py) * width + x * size;
          for (let px = 0; px < size; px++)
            if (maps[line + px] > largest) largest = maps[line + px];
        }
        out[i] = largest;
      }
    }
  }
  return out;
}

/**
 * Each channel shifted and scaled by the mean and variance that it had in training.
 * @param {Float32Array} maps
 * @param {{weight: Float32Array, bias: Float32Array, running_mean: Float32Array, running_var: Float32Array}} learned
 * @param {number} epsilon
 */
export function batchNorm(maps, learned, epsilon) {
  const channels = learned.weight.length;
  const area = maps.length / channels;
  const out = new Float32Array(maps.length);
  for (let c = 0; c < channels; c++) {
    const scale = learned.weight[c] / Math.sqrt(learned.running_var[c] + epsilon);
    const shift = learned.bias[c] - learned.running_mean[c] * scale;
    for (let i = c * area; i < (c + 1) * area; i++) out[i] = maps[i] * scale + shift;
  }
  return out;
}

/** Negative values become 0. @param {Float32Array} values */
export function relu(values) {
  const out = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = Math.max(values[i], 0);
  return out;
}

/**
 * Scores → probabilities: e to the power of each, divided by the sum of all. The largest is subtracted first: it
 * changes nothing but keeps the powers small.
 * @param {ArrayLike<number>} logits
 */
export function softmax(logits) {
  const largest = Math.max(...Array.from(logits));
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return Float32Array.from(powers, (power) => power / sum);
}
