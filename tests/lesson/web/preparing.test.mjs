// Drawings, files, addresses and small statistics of the page.
import assert from "node:assert/strict";
import { test } from "node:test";

import { fixed, percent, signed } from "../../../src/exmachina/lesson/web/marks/format.js";
import { ticks } from "../../../src/exmachina/lesson/web/marks/chart.js";
import {
  centre,
  centreOfMass,
  resize,
} from "../../../src/exmachina/lesson/web/network/centring.js";
import { clean } from "../../../src/exmachina/lesson/web/network/clean.js";
import { stages } from "../../../src/exmachina/lesson/web/network/normalize.js";
import { readSafetensors } from "../../../src/exmachina/lesson/web/network/safetensors.js";
import { wilson } from "../../../src/exmachina/lesson/web/network/statistics.js";
import { renderStrokes } from "../../../src/exmachina/lesson/web/network/strokes.js";
import { createStore } from "../../../src/exmachina/lesson/web/store.js";
import { after, newTraining } from "../../../src/exmachina/lesson/web/training.js";
import { decodeStrokes, encodeStrokes } from "../../../src/exmachina/lesson/web/url.js";

const SEVEN = [
  [
    [60, 60],
    [120, 62],
    [180, 60],
  ],
  [
    [180, 60],
    [150, 130],
    [120, 210],
  ],
];

test("a drawing is the same wherever and however large it is drawn", () => {
  const small = SEVEN.map((stroke) => stroke.map(([x, y]) => [x / 4 + 100, y / 4 + 30]));
  assert.deepEqual(renderStrokes(small, 2.5), renderStrokes(SEVEN, 2.5));
});

test("a drawing balances at the centre and fills 20 pixels", () => {
  const pixels = renderStrokes(SEVEN, 2.5);
  const [y, x] = centreOfMass({ height: 28, width: 28, pixels });
  assert.ok(Math.abs(y - 14) <= 0.5 && Math.abs(x - 14) <= 0.5, `${y}, ${x}`);
  const rows = [...Array(28).keys()].filter((row) =>
    pixels.subarray(row * 28, row * 28 + 28).some(Boolean),
  );
  assert.equal(rows.length, 20);
});

test("nothing, or a dot, is no digit", () => {
  assert.equal(renderStrokes([], 2.5), null);
  assert.equal(renderStrokes([[[5, 5]], [[5, 5]]], 2.5), null);
  assert.equal(stages({ height: 20, width: 20, pixels: new Uint8Array(400) }), null);
});

test("a drawing passes untouched by the cleaning, a speck beside it does not", () => {
  const drawing = { height: 28, width: 28, pixels: renderStrokes(SEVEN, 2.5) };
  assert.equal(clean(drawing), drawing);
  const dirty = { ...drawing, pixels: drawing.pixels.slice() };
  dirty.pixels[2 * 28 + 2] = 255;
  assert.equal(clean(dirty).pixels[2 * 28 + 2], 0);
});

test("shrinking averages areas", () => {
  const picture = {
    height: 2,
    width: 4,
    pixels: Uint8Array.from([0, 100, 200, 200, 100, 200, 0, 0]),
  };
  assert.deepEqual([...resize(picture, 1, 2).pixels], [100, 100]);
});

test("ink is never pushed over the edge", () => {
  const pixels = new Uint8Array(20 * 20);
  pixels[0] = 255;
  assert.equal(
    centre({ height: 20, width: 20, pixels }).pixels.reduce((a, b) => a + b, 0),
    255,
  );
});

function safetensors(dtype, bytes, shape) {
  const header = new TextEncoder().encode(
    JSON.stringify({
      __metadata__: { a: "b" },
      w: { dtype, shape, data_offsets: [0, bytes.byteLength] },
    }),
  );
  const file = new Uint8Array(8 + header.length + bytes.byteLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  file.set(new Uint8Array(bytes), 8 + header.length);
  return file.buffer;
}

test("safetensors are read as 32-bit, 16-bit and brain floats", () => {
  assert.deepEqual(
    [...readSafetensors(safetensors("F32", Float32Array.from([1.5, -2]).buffer, [2])).w.values],
    [1.5, -2],
  );
  const halves = Uint16Array.from([0x3e00, 0xc000, 0x0001, 0x7c00]).buffer;
  assert.deepEqual(
    [...readSafetensors(safetensors("F16", halves, [4])).w.values],
    [1.5, -2, 2 ** -24, Infinity],
  );
  const brains = Uint16Array.from([0x3fc0, 0xc000]).buffer;
  assert.deepEqual([...readSafetensors(safetensors("BF16", brains, [2])).w.values], [1.5, -2]);
});

test("a file that is no safetensors file is refused", () => {
  assert.throws(() => readSafetensors(new ArrayBuffer(4)), /not a safetensors/);
  assert.throws(
    () => readSafetensors(safetensors("F32", new ArrayBuffer(8), [3])),
    /holds 2 numbers, not 3/,
  );
  assert.throws(() => readSafetensors(safetensors("I64", new ArrayBuffer(8), [1])), /I64/);
});

test("strokes survive the address, nonsense does not", () => {
  assert.deepEqual(decodeStrokes(encodeStrokes(SEVEN)), SEVEN);
  assert.deepEqual(decodeStrokes("<script>"), []);
  assert.deepEqual(decodeStrokes(""), []);
});

test("Wilson's interval at 99.02 % of 10,000", () => {
  const [low, high] = wilson(9902, 10_000); // statsmodels: proportion_confint(9902, 10000, method="wilson")
  assert.ok(Math.abs(low - 0.988076) < 1e-5 && Math.abs(high - 0.99196) < 1e-5, `${low} ${high}`);
});

test("numbers have a true minus and never a negative zero", () => {
  assert.equal(fixed(-1.234), "−1.23");
  assert.equal(fixed(-0.001), "0.00");
  assert.equal(signed(0.5), "+0.50");
  assert.equal(percent(0.98973, 2), "98.97 %");
});

test("ticks are round and inside", () => {
  assert.deepEqual(ticks([0, 1]), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(ticks([0, 235]), [0, 100, 200]);
});

test("the store tells once what changed, also what listeners set", async () => {
  const store = createStore({ a: 1, b: 1, double: 2 });
  const seen = [];
  store.watch(["a"], ({ a }) => store.set({ double: 2 * a }));
  store.watch(["double"], ({ double }) => seen.push(double));
  store.watch(["b"], () => seen.push("b"));
  store.set({ a: 2 });
  store.set({ a: 3 });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(seen, [2, "b", 6]);
});

test("a training's record grows with its events", () => {
  const events = [
    { type: "queued", text: "Fetching training digits, 4.8 MB …" },
    { type: "started", steps: 3 },
    { type: "snapshot", step: 0, weights: {} },
    {
      type: "steps",
      steps: [
        { step: 1, loss: 2.3, accuracy: 0.1, seconds: 0.1 },
        { step: 2, loss: 1.9, accuracy: 0.4, seconds: 0.2 },
      ],
    },
    { type: "epoch", epoch: 1, step: 3, loss: 1, accuracy: 0.5 },
    { type: "end", weights: {}, test_accuracy: 0.9, train_seconds: 1.5 },
  ];
  const waiting = after(newTraining("id", "name", null), events[0]);
  assert.match(waiting.message, /4.8 MB/);
  const done = events.reduce(after, newTraining("id", "name", null));
  assert.equal(done.status, "done");
  assert.deepEqual(
    [done.points.length, done.snapshots.length, done.epochs.length, done.testAccuracy],
    [2, 1, 1, 0.9],
  );
  assert.equal(after(done, { type: "error", error: "no" }).status, "failed");
});
