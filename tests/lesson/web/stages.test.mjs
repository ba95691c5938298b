// The stages of the overview: what is strongest, and which neuron a response comes from.
import assert from "node:assert/strict";
import { test } from "node:test";

import { forward } from "../../../src/exmachina/lesson/web/network/forward.js";
import { agrees, neuronSum } from "../../../src/exmachina/lesson/web/network/neuron.js";
import { originOf, stages, strongest } from "../../../src/exmachina/lesson/web/network/stages.js";
import { NETWORKS, digit, randomWeights } from "./networks.mjs";

test("a stage is a layer that mixes and what follows until maps are mixed again", () => {
  const named = (network) =>
    stages(network).map(({ from, to }) => [network.layers[from].name, network.layers[to].name]);
  assert.deepEqual(named(NETWORKS.classic), [
    ["conv1", "conv1"],
    ["conv2", "dropout1"],
    ["dense1", "dropout2"],
    ["dense2", "dense2"],
  ]);
  assert.deepEqual(named(NETWORKS.strided), [
    ["conv1", "norm1"],
    ["conv2", "pool1"],
    ["dense1", "dense1"],
  ]);
});

for (const [name, network] of Object.entries(NETWORKS)) {
  const weights = randomWeights(network, 11);
  const result = forward(network, weights, digit(6));

  test(`${name}: the strongest maps are those of the largest values, not of the largest sizes`, () => {
    for (const stage of stages(network)) {
      const { shape, values } = result.layers[stage.to];
      const area = values.length / shape[0];
      const peak = (channel) => Math.max(...values.subarray(channel * area, (channel + 1) * area));
      const order = strongest(result, stage, shape[0]);
      assert.deepEqual(
        order.toSorted((a, b) => a - b),
        [...order.keys()],
      );
      for (let i = 1; i < order.length; i++) assert.ok(peak(order[i - 1]) >= peak(order[i]));
      assert.deepEqual(strongest(result, stage, 3), order.slice(0, 3));
    }
  });

  test(`${name}: the neuron behind a response is the one that passed the pooling`, () => {
    for (const stage of stages(network)) {
      const { layer, before, shape } = result.layers[stage.from];
      const channel = shape[0] - 1;
      const neuron = originOf(network, result, stage, channel);
      assert.ok(agrees(neuronSum(network, weights, result, stage.from, neuron)), layer.name);
      if (
        !network.layers.slice(stage.from, stage.to + 1).some(({ type }) => type === "MaxPooling2D")
      )
        continue;
      const pooled = result.layers
        .slice(stage.from)
        .find(({ layer }) => layer.type === "MaxPooling2D");
      const area = pooled.values.length / shape[0];
      const peak = Math.max(...pooled.values.subarray(channel * area, (channel + 1) * area));
      const [, height, width] = shape;
      const value = before[(channel * height + neuron.y) * width + neuron.x];
      assert.equal(Math.max(0, value), Math.max(0, peak), layer.name);
    }
  });
}
