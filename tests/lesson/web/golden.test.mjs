// The golden vectors (tests/golden), found again by the page's own modules and by the engine in WebAssembly.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { gunzipSync, inflateSync } from "node:zlib";

import { bestFile, Engine } from "../../../src/exmachina/lesson/web/engine/engine.js";
import { Model } from "../../../src/exmachina/lesson/web/engine/model.js";
import { Training } from "../../../src/exmachina/lesson/web/engine/training.js";
import { forward } from "../../../src/exmachina/lesson/web/network/forward.js";
import {
  holdsSeveral,
  lookAgain,
  prepare,
} from "../../../src/exmachina/lesson/web/network/photo.js";
import { judge, readRejector } from "../../../src/exmachina/lesson/web/network/rejector.js";
import { readSafetensors } from "../../../src/exmachina/lesson/web/network/safetensors.js";
import { renderStrokes } from "../../../src/exmachina/lesson/web/network/strokes.js";

const here = new URL(".", import.meta.url);
const root = new URL("../../../src/exmachina/", here);
const read = (path) => readFileSync(new URL(path, root));
const golden = (name) => JSON.parse(readFileSync(new URL(`../../golden/${name}.json`, here)));
const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));

/** The content of an IDX file behind its header: 4 bytes and 4 more for each axis. */
function idx(name) {
  const content = gunzipSync(read(`data/mnist/${name}.gz`));
  return new Uint8Array(content.buffer, content.byteOffset + 4 + 4 * content[3]).slice();
}

const samples = (values, count) =>
  Array.from(
    { length: count },
    (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))],
  );

function near(found, expected, tolerance, what) {
  assert.equal(found.length, expected.length, what);
  found.forEach((value, i) => {
    const message = `${what}, number ${i}: ${value} is not ${expected[i]}`;
    assert.ok(Math.abs(value - expected[i]) <= tolerance(expected[i]), message);
  });
}

const newEngine = (threads = false) => Engine.load(read(`lesson/web/engine/${bestFile(threads)}`));

test("drawings become the library's bytes", () => {
  for (const { strokes, width, image } of golden("drawings"))
    assert.deepEqual(renderStrokes(strokes, width), bytes(image));
});

test("pictures on paper of every kind become the library's bytes", () => {
  for (const { height, width, deflated, image, several, again } of golden("pictures")) {
    const pixels = Uint8Array.from(inflateSync(Buffer.from(deflated, "base64")));
    assert.deepEqual(prepare({ height, width, pixels }), image && bytes(image));
    assert.equal(holdsSeveral({ height, width, pixels }), several);
    assert.deepEqual(lookAgain({ height, width, pixels }), again && bytes(again));
  }
});

test("the rejectors that ship judge as the library does", () => {
  const { images, networks } = golden("verdicts");
  for (const [name, expected] of Object.entries(networks)) {
    const { network, temperature } = JSON.parse(read(`pretrained/${name}/run.json`));
    const whole = (file) => {
      const { buffer, byteOffset, length } = read(`pretrained/${name}/${file}.safetensors`);
      return buffer.slice(byteOffset, byteOffset + length);
    };
    const [weights, rejector] = [readSafetensors(whole("model")), readRejector(whole("rejector"))];
    const found = images.map((image) =>
      judge({ rejector }, forward(network, weights, bytes(image), { temperature })),
    );
    assert.deepEqual(
      found.map(({ certainty }) => certainty),
      expected.verdicts,
    );
    const chances = found.map(({ isDigit }) => isDigit);
    near(chances, expected.is_digit, () => 1e-4, `${name}: chance to be a digit`);
  }
});

test("every layer of the networks that ship, by the readable forward pass and by the engine", async () => {
  const { images, networks } = golden("layers");
  const test = idx("t10k-images-idx3-ubyte");
  const shown = images.map((number) => test.subarray(784 * number, 784 * (number + 1)));
  const engine = await newEngine();
  const placed = engine.place(Uint8Array.from(shown.flatMap((image) => [...image])));
  for (const [name, expected] of Object.entries(networks)) {
    const { network } = JSON.parse(read(`pretrained/${name}/run.json`));
    const file = read(`pretrained/${name}/model.safetensors`);
    const weights = readSafetensors(
      file.buffer.slice(file.byteOffset, file.byteOffset + file.length),
    );
    const model = new Model(engine, network, { keepsValues: true });
    model.setWeights(weights);
    const layers = network.layers.map((layer) => layer.name);
    const last = layers[layers.length - 1];
    const engines = model.values(placed, images.length, layers);
    const byHand = shown.map((image) => forward(network, weights, image));
    for (const [layer, { samples: wanted }] of Object.entries(expected)) {
      const largest = Math.max(1, ...wanted.map(Math.abs));
      const close = () => 1e-4 * largest;
      const which = layer === "logits" ? layers.length - 1 : layers.indexOf(layer);
      const readable = byHand.flatMap((pass) => [
        ...(layer === "logits" ? pass.logits : pass.layers[which].values),
      ]);
      near(samples(readable, wanted.length), wanted, close, `${name}, ${layer}, readable`);
      if (layer === last) continue; // of the last layer the engine gives the logits
      near(samples(engines[which], wanted.length), wanted, close, `${name}, ${layer}, engine`);
    }
  }
});

test("the first steps of a training are the library's", async () => {
  const { seed, recipes } = golden("training");
  const data = { images: idx("train-images-idx3-ubyte"), labels: idx("train-labels-idx1-ubyte") };
  for (const [name, expected] of Object.entries(recipes)) {
    const training = new Training(await newEngine(), expected.recipe, data, seed);
    const taken = expected.losses.map(() => training.step());
    near(
      taken.map((step) => step.loss),
      expected.losses,
      (value) => 1e-4 * value,
      `${name}: loss`,
    );
    near(
      taken.map((step) => step.rate),
      expected.rates,
      (value) => 1e-6 * value,
      `${name}: rate`,
    );
    const weights = training.model.weights();
    for (const [tensor, wanted] of Object.entries(expected.weights)) {
      near(
        samples(weights[tensor].values, wanted.length),
        wanted,
        () => 2e-3,
        `${name}: ${tensor}`,
      );
    }
  }
});

test("several threads train as one does, to the last bit", async () => {
  const { seed, recipes } = golden("training");
  const data = { images: idx("train-images-idx3-ubyte"), labels: idx("train-labels-idx1-ubyte") };
  const { recipe } = recipes.fast;
  const alone = new Training(await newEngine(), recipe, data, seed);
  const engine = await newEngine(true);
  const together = new Training(engine, recipe, data, seed, 3);
  const helpers = [1, 2].map((thread) => {
    const invitation = engine.invitation(together.model.address, thread);
    return new Worker(new URL("helper.mjs", here), { workerData: invitation });
  });
  try {
    await Promise.all(helpers.map((helper) => once(helper, "online")));
    for (let step = 0; step < 20; step++) assert.deepEqual(together.step(), alone.step());
    assert.deepEqual(together.model.weights(), alone.model.weights());
    const [images, others] = [alone, together].map(({ model, images }) =>
      model.logits(images, 500),
    );
    assert.deepEqual(others, images);
  } finally {
    await Promise.all(helpers.map((helper) => helper.terminate()));
  }
});
