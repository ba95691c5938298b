// Operating on a network: what an edit means, by the engine; and that what the page says of the networks that ship holds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import { bestFile, Engine } from "../../../src/exmachina/lesson/web/engine/engine.js";
import { Model } from "../../../src/exmachina/lesson/web/engine/model.js";
import {
  applyEdits,
  countWeights,
  isEdited,
  kernelName,
  preset,
  prunable,
  switchable,
  toggled,
  UNEDITED,
  withKernel,
} from "../../../src/exmachina/lesson/web/network/edit.js";
import { argmax, forward } from "../../../src/exmachina/lesson/web/network/forward.js";
import { readSafetensors } from "../../../src/exmachina/lesson/web/network/safetensors.js";
import { pairedDifference } from "../../../src/exmachina/lesson/web/network/statistics.js";
import { NETWORKS, digit, randomWeights } from "./networks.mjs";

const root = new URL("../../../src/exmachina/", import.meta.url);
const read = (path) => readFileSync(new URL(path, root));

/** The scores of some images, as the engine computes them. */
async function engineLogits(network, weights, images) {
  const engine = await Engine.load(read(`lesson/web/engine/${bestFile()}`));
  const model = new Model(engine, network);
  model.setWeights(weights);
  return model.logits(engine.place(images), images.length / 784);
}

/** Weights with what the next layer that mixes maps makes of map `map` set to zero: the other way to switch it off. */
function deaf(network, weights, name, map, maps) {
  const after = network.layers.slice(network.layers.findIndex((layer) => layer.name === name) + 1);
  const next = after.find(({ type }) => type === "Conv2D" || type === "Dense");
  const { shape, values } = weights[`${next.name}.weight`];
  const inputs = values.length / shape[0];
  const share = inputs / maps;
  const copy = values.slice();
  for (let unit = 0; unit < shape[0]; unit++)
    copy.fill(0, unit * inputs + map * share, unit * inputs + (map + 1) * share);
  return { ...weights, [`${next.name}.weight`]: { shape, values: copy } };
}

for (const [name, network] of Object.entries(NETWORKS)) {
  const weights = randomWeights(network, 5);
  const images = Uint8Array.from([1, 2, 3].flatMap((seed) => [...digit(seed)]));

  test(`${name}: a map switched off adds nothing to any score, by the engine`, async () => {
    const whole = await engineLogits(network, weights, images);
    for (const { layer, output } of switchable(network)) {
      const { values } = forward(network, weights, digit(1)).layers.find(
        ({ name }) => name === layer.name,
      );
      const map = Math.floor((argmax(values) * output[0]) / values.length); // one that says something
      const off = applyEdits(network, weights, toggled(UNEDITED, layer.name, map));
      const found = await engineLogits(network, off, images);
      const expected = await engineLogits(
        network,
        deaf(network, weights, layer.name, map, output[0]),
        images,
      );
      found.forEach((score, i) => assert.ok(Math.abs(score - expected[i]) < 1e-4));
      assert.notDeepEqual(found, whole, `${layer.name} counts`);
    }
  });

  test(`${name}: a map switched off is 0 everywhere`, () => {
    const [{ layer, output }] = switchable(network);
    const off = applyEdits(network, weights, toggled(UNEDITED, layer.name, 1));
    const area = output[1] * output[2];
    const { layers } = forward(network, off, digit(4));
    const shown = layers.find((item) => item.name === layer.name).values;
    assert.ok(shown.subarray(area, 2 * area).every((value) => value === 0));
  });

  test(`${name}: pruning sets exactly the smallest weights to zero`, () => {
    const all = prunable(network).flatMap((tensor) => [...weights[tensor].values]);
    const sizes = Float32Array.from(all, Math.abs).sort();
    for (const pruned of [0.004, 0.37, 0.9, 1]) {
      const edited = applyEdits(network, weights, { ...UNEDITED, pruned });
      const limit = sizes[Math.floor(pruned * sizes.length) - 1];
      for (const tensor of prunable(network))
        assert.deepEqual(
          edited[tensor].values,
          weights[tensor].values.map((value) => (Math.abs(value) <= limit ? 0 : value)),
        );
      assert.ok(countWeights(network, edited).zero >= Math.floor(pruned * sizes.length));
    }
  });
}

test("an edit leaves the weights that it was applied to as they are", () => {
  const network = NETWORKS.strided;
  const weights = randomWeights(network, 2);
  const before = structuredClone(weights);
  const kernel = withKernel(UNEDITED, kernelName("conv2", 4, 3), Array(9).fill(0.5));
  const edits = { ...toggled(kernel, "conv1", 2), pruned: 0.5 };
  const edited = applyEdits(network, weights, edits);
  assert.deepEqual(weights, before);
  const start = (4 * 5 + 3) * 9;
  assert.deepEqual(
    [...edited["conv2.weight"].values.subarray(start, start + 9)],
    Array(9).fill(0.5),
  );
  assert.equal(edited["dense1.bias"], weights["dense1.bias"]);
});

test("an edit taken back is none", () => {
  assert.ok(!isEdited(UNEDITED));
  const twice = toggled(toggled(UNEDITED, "conv1", 3), "conv1", 3);
  assert.ok(isEdited(toggled(UNEDITED, "conv1", 3)) && !isEdited(twice));
  assert.ok(!isEdited(withKernel(withKernel(UNEDITED, "conv1/0/0", [1]), "conv1/0/0", null)));
});

test("a kernel to try is as strong as the one that it replaces, and edges ignore even paper", () => {
  const kernel = Float32Array.from({ length: 25 }, (_, i) => Math.sin(i));
  const power = (list) => [...list].reduce((sum, value) => sum + value * value, 0);
  for (const name of ["horizontal", "vertical", "diagonal", "outline"]) {
    const numbers = preset(name, kernel);
    assert.ok(Math.abs(power(numbers) - power(kernel)) < 1e-5);
    assert.ok(Math.abs(numbers.reduce((a, b) => a + b)) < 1e-5, name);
  }
  assert.ok(preset("nothing", kernel).every((value) => value === 0));
});

test("the interval of a difference is Agresti and Min's, and none where nothing differs is wide", () => {
  // The prime minister's ratings in Agresti's textbook: of 1600 asked twice, 150 turn away and 86 come round.
  const before = Uint8Array.from({ length: 1600 }, (_, i) => Number(i < 944));
  const after = Uint8Array.from({ length: 1600 }, (_, i) => Number(i >= 150 && i < 944 + 86));
  const { difference, low, high } = pairedDifference(before, after);
  assert.equal(difference, (86 - 150) / 1600);
  assert.ok(Math.abs(low - -0.0587) < 5e-4 && Math.abs(high - -0.0212) < 5e-4, `${low}, ${high}`);
  const same = pairedDifference(before, before);
  assert.equal(same.difference, 0);
  assert.ok(same.high < 0.002 && same.low > -0.002);
});

test("what the page says of pruning and of the dear map holds for the networks that ship", async () => {
  const idx = (name) => {
    const content = gunzipSync(read(`data/mnist/${name}.gz`));
    return new Uint8Array(content.buffer, content.byteOffset + 4 + 4 * content[3]).slice();
  };
  const images = idx("t10k-images-idx3-ubyte").subarray(0, 784_000);
  const labels = idx("t10k-labels-idx1-ubyte").subarray(0, 1000);
  const bytes = read(`lesson/web/engine/${bestFile()}`);
  const right = {};
  for (const name of ["fast", "classic"]) {
    const { network } = JSON.parse(read(`pretrained/${name}/run.json`));
    const file = read(`pretrained/${name}/model.safetensors`);
    const weights = readSafetensors(
      file.buffer.slice(file.byteOffset, file.byteOffset + file.length),
    );
    const engine = await Engine.load(bytes);
    const model = new Model(engine, network);
    const placed = engine.place(images);
    right[name] = (edits) => {
      model.setWeights(applyEdits(network, weights, edits));
      const logits = model.logits(placed, 1000);
      return labels.map((label, i) => {
        const scores = logits.subarray(10 * i, 10 * i + 10);
        return Number(scores.indexOf(Math.max(...scores)) === label);
      });
    };
  }
  const loss = (name, edits) => pairedDifference(right[name](UNEDITED), right[name](edits));
  const pruned = (name, share) => loss(name, { ...UNEDITED, pruned: share });
  assert.ok(pruned("classic", 0.8).difference > -0.005, "eight in ten can go");
  assert.ok(pruned("fast", 0.3).difference > -0.005, "three in ten can go");
  assert.ok(pruned("fast", 0.7).difference < -0.3, "seven in ten cannot");
  const each = Array.from({ length: 16 }, (_, map) =>
    loss("fast", toggled(UNEDITED, "conv1", map)),
  );
  assert.ok(Math.min(...each.map(({ difference }) => difference)) < -0.02, "one is worth points");
  const spared = each.flatMap(({ high }, map) => (high < 0 ? [] : [map]));
  assert.ok(spared.length > 8, "most can go");
  const together = spared.reduce((edits, map) => toggled(edits, "conv1", map), UNEDITED);
  assert.ok(loss("fast", together).high < -0.05, "but not together");
});
