/**
 * The arithmetic of each kind of layer. Maps are stored channel after channel, line after line: value (c, y, x) of
 * maps (channels, height, width) is at [(c * height + y) * width + x].
 */

/**
 * Weighted sums: out[f, p] = bias[f] + Σ weight[f, i] · rows[p, i]. Everything that learns is made of these.
 * Four sums advance together, so that each value is fetched once for four products.
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
  let f = 0;
  for (; f + 4 <= filters; f += 4) {
    const w0 = f * length, w1 = w0 + length, w2 = w1 + length, w3 = w2 + length;
    for (let p = 0; p < positions; p++) {
      const row = p * length;
      let s0 = bias[f], s1 = bias[f + 1], s2 = bias[f + 2], s3 = bias[f + 3];
      for (let i = 0; i < length; i++) {
        const value = rows[row + i];
        s0 += weight[w0 + i] * value;
        s1 += weight[w1 + i] * value;
        s2 += weight[w2 + i] * value;
        s3 += weight[w3 + i] * value;
      }
      out[f * positions + p] = s0;
      out[(f + 1) * positions + p] = s1;
      out[(f + 2) * positions + p] = s2;
      out[(f + 3) * positions + p] = s3;
    }
  }
  for (; f < filters; f++) {
    for (let p = 0; p < positions; p++) {
      let sum = bias[f];
      for (let i = 0; i < length; i++) sum += weight[f * length + i] * rows[p * length + i];
      out[f * positions + p] = sum;
    }
  }
  return out;
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
            if (fromY >= 0 && fromY < height && fromX >= 0 && fromX < width) rows[i] = maps[line + fromX];
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
          for (let px = 0; px < size; px++) if (maps[line + px] > largest) largest = maps[line + px];
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
  for (let i = 0; i < values.length; i++) out[i] = values[i] > 0 ? values[i] : 0;
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
