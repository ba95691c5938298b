// The page's arithmetic against sums done by hand, in another order, or by finite differences.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  applyLayer,
  forward,
  forwardFrom,
} from "../../../src/exmachina/lesson/web/network/forward.js";
import { preset } from "../../../src/exmachina/lesson/web/network/edit.js";
import { convolved, hops, padded } from "../../../src/exmachina/lesson/web/network/hops.js";
import {
  inputGradient,
  integratedGradients,
} from "../../../src/exmachina/lesson/web/network/gradient.js";
import {
  maxPool,
  patches,
  softmax,
  weightedSums,
} from "../../../src/exmachina/lesson/web/network/layers.js";
import { agrees, neuronSum } from "../../../src/exmachina/lesson/web/network/neuron.js";
import { receptiveField } from "../../../src/exmachina/lesson/web/network/receptive.js";
import { steps, totals } from "../../../src/exmachina/lesson/web/network/spec.js";
import { NETWORKS, digit, randomWeights } from "./networks.mjs";

const close = (actual, expected, tolerance = 1e-5) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

test("weighted sums equal sums written out, for every remainder of four", () => {
  for (const filters of [1, 3, 4, 6]) {
    const weight = Float32Array.from({ length: filters * 5 }, (_, i) => Math.sin(i));
    const bias = Float32Array.from({ length: filters }, (_, i) => i / 10);
    const rows = Float32Array.from({ length: 10 }, (_, i) => Math.cos(i));
    const out = weightedSums(weight, bias, rows);
    for (let f = 0; f < filters; f++) {
      for (let p = 0; p < 2; p++) {
        let sum = bias[f];
        for (let i = 0; i < 5; i++) sum += weight[f * 5 + i] * rows[p * 5 + i];
        close(out[f * 2 + p], sum);
      }
    }
  }
});

test("a patch outside the map is filled with zeros", () => {
  const rows = patches(Float32Array.from([1, 2, 3, 4]), [1, 2, 2], {
    kernel: 3,
    stride: 1,
    padding: 1,
  });
  assert.deepEqual([...rows.subarray(0, 9)], [0, 0, 0, 0, 1, 2, 0, 3, 4]);
  assert.equal(rows.length, 4 * 9);
});

test("a stride leaves places out", () => {
  const maps = Float32Array.from({ length: 25 }, (_, i) => i);
  const rows = patches(maps, [1, 5, 5], { kernel: 1, stride: 2, padding: 0 });
  assert.deepEqual([...rows], [0, 2, 4, 10, 12, 14, 20, 22, 24]);
});

test("pooling takes the largest and drops the remainder at the edge", () => {
  const maps = Float32Array.from([1, 5, 9, -3, -1, 9, 9, 9, 9]);
  assert.deepEqual([...maxPool(maps, [1, 3, 3], 2)], [5]);
});

test("softmax adds up to one, even of huge scores", () => {
  const shares = softmax([1000, 999, -1000]);
  close(
    shares.reduce((a, b) => a + b, 0),
    1,
  );
  close(shares[0], 1 / (1 + Math.exp(-1)));
});

test("the textbook network has its 1,199,882 parameters", () => {
  assert.equal(totals(NETWORKS.classic).parameters, 1_199_882);
  assert.deepEqual(
    steps(NETWORKS.classic).map(({ parameters }) => parameters),
    [320, 18_496, 0, 0, 0, 1_179_776, 0, 1_290],
  );
});

test("a kernel that does not fit is refused by name", () => {
  const network = structuredClone(NETWORKS.strided);
  network.layers[0].kernel = 40;
  assert.throws(() => steps(network), /conv1: a 40×40 kernel does not fit into 28×28/);
});

test("dropout and flatten pass values on as they are", () => {
  const values = Float32Array.from([1, -2, 3]);
  assert.equal(applyLayer({ name: "d", type: "Dropout", rate: 0.5 }, {}, values, [3]), values);
});

for (const [name, network] of Object.entries(NETWORKS)) {
  const weights = randomWeights(network, 3);
  const image = digit(5);
  const result = forward(network, weights, image);

  test(`${name}: the sum of every sampled neuron is the network's value`, () => {
    steps(network).forEach(({ output: [channels, height = 1, width = 1] }, index) => {
      for (let i = 0; i < 25; i++) {
        const at = { channel: (i * 7) % channels, y: (i * 5) % height, x: (i * 3) % width };
        const sum = neuronSum(network, weights, result, index, at);
        assert.ok(agrees(sum), `${network.layers[index].name}: ${sum.value} is not ${sum.network}`);
      }
    });
  });

  test(`${name}: nothing outside the receptive field changes a neuron, and something inside does`, () => {
    const all = steps(network);
    const index = all.findLastIndex(({ output }) => output.length === 3);
    const [, height, width] = all[index].output;
    const [y, x] = [Math.floor(height / 2), Math.floor(width / 3)];
    const field = receptiveField(all, index, y, x)[0];
    const value = (input) =>
      forwardFrom(network, weights, input).layers[index].before[(0 * height + y) * width + x];
    const random = Float32Array.from({ length: 784 }, (_, i) => Math.sin(i * 12.9898) * 0.5);
    const outside = random.slice();
    for (let i = 0; i < 784; i++) {
      const [row, column] = [Math.floor(i / 28), i % 28];
      if (row < field.top || row > field.bottom || column < field.left || column > field.right)
        outside[i] += 1;
    }
    assert.equal(value(outside), value(random));
    assert.notEqual(value(random.map((v) => -v)), value(random));
  });

  test(`${name}: the gradient is what a small change does`, () => {
    const input = result.input.slice();
    const seed = Float32Array.from({ length: 10 }, (_, i) => (i === 4 ? 1 : 0));
    const gradient = inputGradient(weights, result, network.layers.length - 1, seed);
    for (const pixel of [300, 350, 405, 407, 460]) {
      const moved = (by) =>
        forwardFrom(
          network,
          weights,
          input.map((v, i) => (i === pixel ? v + by : v)),
        ).logits[4];
      close(
        gradient[pixel],
        (moved(1e-2) - moved(-1e-2)) / 2e-2,
        2e-2 * Math.max(1, Math.abs(gradient[pixel])),
      );
    }
  });
}

test("integrated gradients add up to the score over an empty sheet's", () => {
  const network = NETWORKS.strided;
  const weights = randomWeights(network, 8);
  const image = digit(2);
  const shares = integratedGradients(network, weights, image, 3, 200);
  const empty = forward(network, weights, new Uint8Array(784)).logits[3];
  close(
    shares.reduce((a, b) => a + b, 0),
    forward(network, weights, image).logits[3] - empty,
    0.03,
  );
});

test("one convolution, as the chapter on building shows it, is the network's own arithmetic", () => {
  const pixels = digit(4);
  for (let size = 1; size <= 9; size++)
    for (let stride = 1; stride <= 4; stride++)
      for (let padding = 0; padding <= 4; padding += size % 2 ? 1 : 4) {
        const window = { size, stride, padding };
        const layer = { name: "conv1", type: "Conv2D", filters: 1, kernel: size, stride, padding };
        const network = { name: "one", input_shape: [1, 28, 28], mean: 0, std: 1, layers: [layer] };
        const kernel = Array.from({ length: size * size }, (_, i) => Math.sin(7 * i + size));
        const weights = {
          "conv1.weight": { shape: [1, 1, size, size], values: Float32Array.from(kernel) },
          "conv1.bias": { shape: [1], values: new Float32Array(1) },
        };
        const { shape, before } = forward(network, weights, pixels).layers[0];
        const { count, left } = hops({ side: 28, ...window });
        assert.deepEqual(shape, [1, count, count]);
        assert.equal(left, 28 + 2 * padding - size - stride * (count - 1)); // rows that no window reaches
        const [{ multiplications }] = steps(network);
        assert.equal(multiplications, size * size * count * count);
        const map = convolved(padded(pixels, 28, padding), 28 + 2 * padding, kernel, window);
        assert.equal(map.length, before.length);
        for (const [i, value] of map.entries()) close(value, before[i], 1e-4);
      }
});

test("a kernel that looks for an edge or an outline says nothing where paper or ink is all alike", () => {
  for (const name of ["horizontal", "vertical", "diagonal", "outline"])
    for (let size = 3; size <= 9; size++) {
      const kernel = preset(name, new Array(size * size).fill(1 / size));
      const alike = convolved(new Uint8Array(size * size).fill(200), size, kernel, {
        size,
        stride: 1,
        padding: 0,
      });
      close(alike[0], 0, 1e-6);
    }
});
