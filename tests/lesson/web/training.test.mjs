// What the page makes of a training's events, and how long it waits for a busy server.
import assert from "node:assert/strict";
import { test } from "node:test";

import { secondsToWait } from "../../../src/exmachina/lesson/web/busy.js";
import {
  after,
  isLive,
  newTraining,
  trainingName,
} from "../../../src/exmachina/lesson/web/training.js";

const busy = (wanted, status = 503) => ({ status, headers: { get: () => wanted } });

test("a busy server is asked again when it says, each time a little later, and not for ever", () => {
  assert.equal(secondsToWait(busy("5"), 1), 5);
  assert.equal(secondsToWait(busy("5", 429), 1), 5);
  assert.equal(secondsToWait(busy("5"), 3), 15);
  assert.equal(secondsToWait(busy("3600"), 1), 30);
  assert.equal(secondsToWait(busy("0"), 1), 1);
  assert.equal(secondsToWait(busy(new Date(Date.now() + 4000).toUTCString()), 1) <= 4, true);
  for (const never of [
    secondsToWait(busy("5"), 21),
    secondsToWait(busy(null), 1),
    secondsToWait(busy("soon"), 1),
    secondsToWait(busy("5", 500), 1),
  ]) {
    assert.equal(never, null);
  }
});

test("a paused training is live and keeps its steps", () => {
  const step = (number) => ({
    type: "step",
    step: number,
    loss: 2 / number,
    seconds: number / 10,
    accuracy: 0.1,
    epoch: 1,
    rate: 0.01,
  });
  const events = [
    { type: "queued", text: "Fetching" },
    { type: "started", steps: 10, network: { name: "tiny" } },
    { type: "steps", steps: [step(1), step(2)] },
    { type: "paused" },
    { type: "steps", steps: [step(3)] },
  ];
  const paused = events.reduce(after, newTraining("a", "tiny", null));
  assert.ok(isLive(paused) && paused.status === "paused" && paused.points.length === 3);
  assert.equal(paused.network.name, "tiny");
  assert.equal(after(paused, { type: "resumed" }).status, "running");
  assert.equal(isLive(after(paused, { type: "stopped", weights: {}, test_accuracy: null })), false);
});

test("a training is named after what differs from its recipe", () => {
  const recipe = { name: "fast", epochs: 0.5, batch_size: 128 };
  assert.equal(
    trainingName(recipe, { changes: { epochs: 0.5, batch_size: 64 }, seed: 3 }),
    "fast, batch size 64, seed 3",
  );
  assert.equal(trainingName(recipe, { own: true }), "yours");
});
