// Routes, deeds, guesses and exercises as plain functions.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { deedsBetween } from "../../../src/exmachina/lesson/web/deeds.js";
import { exercises, newlySolved } from "../../../src/exmachina/lesson/web/exercises.js";
import { guessed, score } from "../../../src/exmachina/lesson/web/guesses.js";
import {
  begin,
  did,
  NO_PATH,
  progress,
  routes,
  skip,
} from "../../../src/exmachina/lesson/web/routes.js";
import { FIRST_FOCUS } from "../../../src/exmachina/lesson/web/state.js";
import { newTraining } from "../../../src/exmachina/lesson/web/training.js";

const html = readFileSync(
  new URL("../../../src/exmachina/lesson/web/index.html", import.meta.url),
  "utf8",
);
const panels = [...html.matchAll(/data-panel="([^"]+)"/g)].map(([, name]) => name);
const ids = new Set([
  ...[...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id),
  ...panels.map((name) => name.replace("/", "-")),
]);
const questions = [...html.matchAll(/type="radio" name="(\w+)"/g)].map(([, name]) => name);

test("the tour takes five minutes and the lesson forty-five", () => {
  const { tour, lesson } = routes();
  assert.equal(tour.minutes, 5);
  assert.equal(lesson.minutes, 45);
});

test("every stop and exercise is at a part of the page, and every guess is a question", () => {
  for (const { stops } of Object.values(routes())) {
    assert.equal(new Set(stops.map(({ id }) => id)).size, stops.length);
    for (const { id, at } of stops) {
      assert.ok(ids.has(at), at);
      if (id.startsWith("guessed:")) assert.ok(questions.includes(id.slice(8)), id);
    }
  }
  for (const { at } of exercises()) assert.ok(ids.has(at), at);
});

test("every question has a right answer, and it is one of its choices", () => {
  const forms = [...html.matchAll(/<form class="guess"([^>]*)>([\s\S]*?)<\/form>/g)];
  assert.ok(forms.length >= 9);
  for (const [, attributes, inner] of forms) {
    const right = attributes.match(/data-right="(\w)"/)?.[1];
    assert.ok(right && inner.includes(`value="${right}"`), inner.slice(0, 120));
  }
});

test("what comes next is the first stop neither done nor passed over", () => {
  const { tour } = routes();
  const [first, second, third] = tour.stops;
  let path = begin(NO_PATH, "tour");
  assert.equal(progress(tour, path).next.id, first.id);
  path = did(path, [first.id]);
  path = skip(path, second.id);
  const { done, all, next, minutes } = progress(tour, path);
  assert.deepEqual([done, all, next.id], [1, 7, third.id]);
  assert.equal(minutes, 5 - first.minutes - second.minutes);
  path = did(path, [second.id]);
  assert.equal(progress(tour, path).done, 2);
  const over = progress(
    tour,
    did(
      path,
      tour.stops.map(({ id }) => id),
    ),
  );
  assert.deepEqual([over.done, over.next, over.minutes], [7, null, 0]);
});

test("a deed counts once, and another route keeps it", () => {
  const path = did(NO_PATH, ["drew", "drew"]);
  assert.deepEqual(path.deeds, ["drew"]);
  assert.equal(did(path, ["drew"]), path);
  assert.deepEqual(begin(skip(path, "kept"), "lesson"), {
    route: "lesson",
    deeds: ["drew"],
    skipped: [],
  });
});

test("the first guess counts", () => {
  const once = guessed({}, "leak", "a");
  assert.deepEqual(guessed(once, "leak", "b"), { leak: "a" });
  const asked = ["leak", "loss", "scale"].map((name) => ({ name, text: name, right: "b" }));
  const result = score(asked, { leak: "a", loss: "b" });
  assert.deepEqual([result.right, result.answered, result.all], [1, 2, 3]);
  assert.deepEqual(
    result.surprising.map(({ name }) => name),
    ["leak"],
  );
});

// ---- the page's state, made up as far as a check looks at it ----

const layers = [
  { name: "conv1", type: "Conv2D", activation: "relu", filters: 1, kernel: 27 },
  { name: "flat", type: "Flatten" },
  { name: "dense1", type: "Dense", activation: "softmax", units: 10 },
];
const network = { name: "tiny", input_shape: [1, 28, 28], mean: 0, std: 1, layers };
const model = { id: "tiny", network, weights: {}, temperature: 1, threshold: null };

/** A reading that gives these digits these shares. @param {Record<number, number>} shares */
function reading(shares) {
  const probabilities = Float32Array.from({ length: 10 }, (_, i) => shares[i] ?? 0.001);
  const conv = { name: "conv1", shape: [1, 2, 2], values: Float32Array.of(0, 3, 0, 1) };
  return { probabilities, logits: probabilities, layers: [conv, conv, conv] };
}

const state = (changes = {}) => ({
  model,
  moment: null,
  source: { kind: "drawing" },
  result: null,
  strokes: [],
  focus: { ...FIRST_FOCUS, x: 1 },
  training: null,
  finished: [],
  kept: 0,
  answers: {},
  solved: {},
  ...changes,
});
const finished = (changes) => ({
  ...newTraining("a", "fast", network),
  status: "done",
  steps: 100,
  testAccuracy: 0.98,
  ...changes,
});
const stroke = [
  [10, 10],
  [20, 20],
];
const solves = (changes) => Object.keys(newlySolved(exercises(), state(changes)));

test("deeds are seen in what changes", () => {
  const before = state({ result: reading({ 7: 0.9 }) });
  const deeds = (changes) => deedsBetween({ ...before, ...changes }, before);
  assert.deepEqual(deeds({}), []);
  assert.deepEqual(deeds({ strokes: [stroke] }), ["drew"]);
  assert.deepEqual(deeds({ focus: { ...FIRST_FOCUS, y: 1 } }), ["neuron"]);
  assert.deepEqual(deeds({ focus: { ...FIRST_FOCUS, y: 1 }, model: { ...model } }), []);
  assert.deepEqual(deeds({ source: { kind: "test", index: 3, label: 7 } }), ["browsed"]);
  assert.deepEqual(deeds({ source: { kind: "test", index: 3, label: 1 } }), [
    "browsed",
    "mistaken",
  ]);
  assert.deepEqual(deeds({ kept: 1, answers: { leak: "a" } }), ["kept", "guessed:leak"]);
  assert.deepEqual(deeds({ finished: [finished()] }), ["trained"]);
  assert.deepEqual(deeds({ finished: [finished({ testAccuracy: null })] }), []);
  assert.deepEqual(deeds({ finished: [finished(), finished()] }), ["trained", "trained-twice"]);
  const tuning = finished({ end: { before: {}, after: {} } });
  assert.deepEqual(deeds({ finished: [tuning] }), ["tuned"]);
  const training = finished({ snapshots: [{ step: 0 }, { step: 100 }] });
  const at = (step) => deeds({ training, moment: { training: "a", step } });
  assert.deepEqual(at(0), ["scrubbed"]);
  assert.deepEqual(at(100), []);
});

test("the page's own choice of a neuron is nobody's deed", () => {
  const before = state({ result: reading({ 7: 0.9 }), focus: FIRST_FOCUS });
  assert.deepEqual(deedsBetween({ ...before, focus: { ...FIRST_FOCUS, x: 2 } }, before), []);
});

test("drawings solve what they are read as, with the strokes they have", () => {
  const three = { result: reading({ 3: 0.8 }), strokes: [stroke, stroke, stroke] };
  assert.deepEqual(solves(three), ["three"]);
  assert.deepEqual(solves({ ...three, strokes: [stroke, stroke] }), []);
  assert.deepEqual(solves({ ...three, moment: { training: "a", step: 3 } }), []);
  assert.deepEqual(solves({ result: reading({ 4: 0.95 }), strokes: [stroke] }), ["four"]);
  assert.deepEqual(solves({ result: reading({ 4: 0.85 }), strokes: [stroke] }), []);
  assert.deepEqual(solves({ result: reading({ 4: 0.5, 9: 0.4 }), strokes: [stroke] }), ["torn"]);
  assert.deepEqual(solves({ result: reading({ 4: 0.5, 9: 0.4 }), source: { kind: "test" } }), []);
});

test("that a drawing is no digit is for the reader to say, and only of a confident answer", () => {
  const fool = exercises().find(({ id }) => id === "fool");
  const drawing = { strokes: [stroke], result: reading({ 0: 0.97 }) };
  assert.match(fool.check(state(drawing)).text, /97\.0/);
  assert.equal(fool.check(state({ ...drawing, result: reading({ 0: 0.6 }) })), null);
  assert.deepEqual(solves(drawing), []);
});

test("a silent neuron, a confident mistake and an early one are found by looking", () => {
  const seen = { result: reading({ 7: 0.9 }), source: { kind: "test", index: 3, label: 7 } };
  assert.deepEqual(solves({ ...seen, focus: { ...FIRST_FOCUS } }), ["silent"]);
  assert.deepEqual(solves({ ...seen, focus: FIRST_FOCUS }), []); // chosen by nobody
  assert.deepEqual(solves(seen), []);
  const wrong = { ...seen, source: { ...seen.source, label: 1 } };
  assert.deepEqual(solves(wrong), ["sure"]);
  const training = finished();
  assert.deepEqual(solves({ ...wrong, training, moment: { training: "a", step: 5 } }), ["early"]);
  assert.deepEqual(solves({ ...wrong, training, moment: { training: "a", step: 0 } }), []);
});

test("trainings solve by what they ended with", () => {
  const by = (changes) => solves({ finished: [finished(changes)] });
  assert.deepEqual(by({}), []);
  assert.deepEqual(by({ testAccuracy: 0.0958 }), ["broken"]);
  assert.deepEqual(by({ testAccuracy: 0.0958, steps: 10 }), []);
  assert.deepEqual(by({ testAccuracy: 0.99 }), ["lean"]);
  assert.deepEqual(by({ steps: 60, testAccuracy: 0.97 }), ["quick"]);
  const wide = { ...network, layers: network.layers.with(0, { ...layers[0], filters: 400 }) };
  assert.deepEqual(by({ testAccuracy: 0.99, network: wide }), []);
  const tuned = (before, after) => by({ end: { before, after } });
  assert.deepEqual(tuned({ collection: 0.5, test: 0.99 }, { collection: 1, test: 0.988 }), [
    "hand",
  ]);
  assert.deepEqual(tuned({ collection: 0.5, test: 0.99 }, { collection: 1, test: 0.98 }), []);
  assert.deepEqual(tuned({ collection: 1, test: 0.99 }, { collection: 1, test: 0.99 }), []);
});

test("what is solved stays solved by what first solved it", () => {
  const three = { result: reading({ 3: 0.8 }), strokes: [stroke, stroke, stroke] };
  assert.deepEqual(solves({ ...three, solved: { three: { text: "before" } } }), []);
});
