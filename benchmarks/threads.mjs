// What a second core is worth to one training in the page:
//
//   exmachina export --site site && node benchmarks/threads.mjs site [ROUNDS]
//
// Measured are a step of `fast` on one thread (128 digits), on two that share memory, as the page trains where it may, and
// what two workers that only exchange messages need at the least: a step of 64 digits, and the gradients there and back.
// All in turn within each round, so that whatever else the machine does meets all of them alike. Told are medians over the
// rounds, each as a part of the same round's step on one thread.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

import { bestFile, Engine } from "../src/exmachina/lesson/web/engine/engine.js";
import { Training } from "../src/exmachina/lesson/web/engine/training.js";

const STEPS = 20; // of each kind in a round
const [site, rounds = "15"] = process.argv.slice(2);
const { recipes, networks } = JSON.parse(readFileSync(join(site, "site.json"), "utf8"));
const recipe = recipes.find(({ name }) => name === "fast");
const network = networks.find(({ name }) => name === recipe.network || name === recipe.network.name);
const digits = {
  images: Uint8Array.from({ length: 128 * 784 }, () => (Math.random() < 0.2 ? 255 * Math.random() : 0)),
  labels: Uint8Array.from({ length: 128 }, (_, i) => i % 10),
};

/** A training that goes on for ever, on `threads` threads. */
function training(threads, size) {
  const module = new WebAssembly.Module(readFileSync(join(site, "engine", bestFile(threads > 1))));
  const engine = new Engine(module);
  const wanted = { ...recipe, network, batch_size: size, epochs: 1e6, schedule: "constant" };
  const learner = new Training(engine, wanted, digits, 0, threads);
  for (let thread = 1; thread < threads; thread++)
    new Worker(new URL("../tests/lesson/web/helper.mjs", import.meta.url), {
      workerData: engine.invitation(learner.model.address, thread),
    }).unref();
  return learner;
}

const ECHO = "const { parentPort } = require('worker_threads'); parentPort.on('message', (m) => parentPort.postMessage(m));";
const echo = new Worker(ECHO, { eval: true });
const gradients = new Float32Array(training(1, 128).model.size);
const thereAndBack = () =>
  new Promise((resolve) => {
    echo.once("message", resolve);
    echo.postMessage(gradients);
  });

const kinds = {
  "one thread": training(1, 128),
  "two threads, shared memory": training(2, 128),
  "half a batch, one thread": training(1, 64),
};
const parts = { "two threads, shared memory": [], "half a batch, one thread": [], "gradients there and back": [] };
for (let round = -1; round < Number(rounds); round++) {
  const took = {};
  for (const [name, learner] of Object.entries(kinds)) {
    const began = performance.now();
    for (let i = 0; i < STEPS; i++) learner.step();
    took[name] = performance.now() - began;
  }
  const began = performance.now();
  for (let i = 0; i < STEPS; i++) await thereAndBack();
  took["gradients there and back"] = performance.now() - began;
  if (round < 0) continue; // compiled and warm from here on
  for (const name of Object.keys(parts)) parts[name].push(took[name] / took["one thread"]);
}
const quantile = (values, share) => values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))].toFixed(2);
console.log(`${gradients.length} weights; a step on one thread is 1 (n = ${rounds} rounds of ${STEPS})`);
for (const [name, values] of Object.entries(parts))
  console.log(`${name.padEnd(30)} ${quantile(values, 0.5)}  (quartiles ${quantile(values, 0.25)} to ${quantile(values, 0.75)})`);
process.exit(0);
