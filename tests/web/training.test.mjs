// What the page makes of a training's events, and how long it waits for a busy server.
import assert from "node:assert/strict";
import { test } from "node:test";

import { secondsToWait } from "../../src/exmachina/web/busy.js";
import { after, isLive, newTraining, trainingName } from "../../src/exmachina/web/training.js";

const busy = (wanted, status = 503) => ({ status, headers: { get: () => wanted } });

test("a busy server is asked again when it says, each time a little later, and not for ever", () => {
  assert.equal(secondsToWait(busy("5"), 1), 5);
  assert.equal(secondsToWait(busy("5"), 3), 15);
  assert.equal(secondsToWait(busy("3600"), 1), 30);
  assert.equal(secondsToWait(busy("0"), 1), 1);
  assert.equal(secondsToWait(busy(new Date(Date.now() + 4000).toUTCString()), 1) <= 4, true);
  for (const never of [secondsToWait(busy("5"), 21), secondsToWait(busy(null), 1), secondsToWait(busy("soon"), 1), secondsToWait(busy("5", 500), 1)]) {
    assert.equal(never, null);
  }
});

test("a paused training is live, keeps its steps, and says whether others wait", () => {
  const events = [
    { type: "started", steps: 10, network: { name: "tiny" } },
    { type: "step", step: 1, loss: 2, seconds: 0.1, accuracy: 0.1 },
    { type: "paused", step: 1, patience: 30, others_wait: false },
    { type: "step", step: 2, loss: 1, seconds: 0.2, accuracy: 0.2 },
    { type: "paused", step: 2, patience: 30, others_wait: true },
  ];
  const paused = events.reduce(after, newTraining("a", "tiny", null));
  assert.ok(isLive(paused) && paused.status === "paused" && paused.points.length === 2);
  assert.equal(paused.network.name, "tiny");
  assert.match(paused.message, /within 30 seconds/);
  const resumed = after(paused, { type: "resumed", because: "others" });
  assert.equal(resumed.status, "running");
  assert.match(resumed.message, /by itself/);
  assert.equal(isLive(after(resumed, { type: "stopped", run_id: null })), false);
});

test("a training is named after what differs from its recipe", () => {
  const recipe = { name: "fast", epochs: 0.5, batch_size: 128 };
  assert.equal(trainingName(recipe, { changes: { epochs: 0.5, batch_size: 64 }, seed: 3 }), "fast, batch size 64, seed 3");
  assert.equal(trainingName(recipe, { own: true }), "yours");
});
