// How the page shows a network learn: gradients by the engine, by the readable network and by finite differences; each
// optimizer's arithmetic in the open and in the engine; planes through weight space and the loss over them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { bestFile, Engine } from "../../../src/exmachina/lesson/web/engine/engine.js";
import { Loss, Walker } from "../../../src/exmachina/lesson/web/engine/loss.js";
import { Model, PLAIN } from "../../../src/exmachina/lesson/web/engine/model.js";
import * as plane from "../../../src/exmachina/lesson/web/engine/plane.js";
import {
  flattened,
  learnedMask,
  unflattened,
  weightShapes,
} from "../../../src/exmachina/lesson/web/engine/shapes.js";
import { contour } from "../../../src/exmachina/lesson/web/marks/contour.js";
import { significant } from "../../../src/exmachina/lesson/web/marks/format.js";
import { dot, principalComponents } from "../../../src/exmachina/lesson/web/network/components.js";
import { generator } from "../../../src/exmachina/lesson/web/network/dropout.js";
import { forward } from "../../../src/exmachina/lesson/web/network/forward.js";
import { gradients, kernelGradient } from "../../../src/exmachina/lesson/web/network/gradient.js";
import { take } from "../../../src/exmachina/lesson/web/network/optimizers.js";
import { digit, NETWORKS, randomWeights } from "./networks.mjs";

const file = new URL(
  `../../../src/exmachina/lesson/web/engine/${bestFile()}`,
  new URL(".", import.meta.url),
);
const newEngine = () => Engine.load(readFileSync(file));
const LABEL = 3;

function near(found, expected, tolerance, what) {
  assert.equal(found.length, expected.length, what);
  const largest = Math.max(...expected.map(Math.abs));
  assert.ok(largest > 0, `${what}: all zero`);
  found.forEach((value, i) => {
    const message = `${what}, number ${i}: ${value} is not ${expected[i]}`;
    assert.ok(Math.abs(value - expected[i]) <= tolerance * largest, message);
  });
}

/** Cross-entropy in double precision, as far as the readable network's logits go. */
function crossEntropy(logits, label) {
  const largest = Math.max(...logits);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return Math.log(sum) + largest - logits[label];
}

/** A picture without even grounds, where max pooling would have to choose among equals. */
function noise(seed) {
  const random = generator(seed);
  return Uint8Array.from({ length: 784 }, () => 256 * random());
}

const explained = async (network, weights, image) => {
  const model = new Model(await newEngine(), network, { keepsValues: true, explains: true });
  model.setWeights(weights);
  return model.explain(image, LABEL);
};

for (const [name, network] of Object.entries(NETWORKS)) {
  const weights = randomWeights(network, 11);
  const image = noise(5);

  test(`${name}: the engine's gradient of every layer is the readable network's`, async () => {
    const found = await explained(network, weights, image);
    const result = forward(network, weights, image);
    const error = result.layers[result.layers.length - 1].values.map(
      (p, i) => p - Number(i === LABEL),
    );
    const expected = gradients(weights, result, network.layers.length - 1, error);
    near([...found.gradients[found.gradients.length - 1]], [...error], 1e-4, "p − y");
    network.layers.forEach((layer, i) => {
      const last = i === network.layers.length - 1;
      if (!last)
        near([...found.values[i]], [...result.layers[i].values], 1e-4, `${layer.name}, values`);
      // Flatten and dropout share their memory with the layer before, whose ReLU has already had its say there.
      if (layer.type === "Flatten" || layer.type === "Dropout") return;
      near([...found.gradients[i]], [...expected.layers[i]], 1e-3, `${layer.name}, gradient`);
    });
    near(
      [...found.pixels],
      [...expected.input].map((g) => g / network.std),
      1e-3,
      "pixels",
    );
  });

  test(`${name}: nudging a kernel weight changes the loss as its gradient says`, async () => {
    const found = await explained(network, weights, image);
    const result = forward(network, weights, image);
    for (const [index, layer] of network.layers.entries()) {
      if (layer.type !== "Conv2D") continue;
      const gradient = kernelGradient(network, result, index, found.gradients[index]);
      const { values } = weights[`${layer.name}.weight`];
      const steepest = [...gradient.keys()]
        .sort((a, b) => Math.abs(gradient[b]) - Math.abs(gradient[a]))
        .slice(0, 4);
      for (const at of steepest) {
        const nudge = 4e-4; // larger ones cross bends of ReLU and max pooling
        const losses = [nudge, -nudge].map((by) => {
          const nudged = values.slice();
          nudged[at] += by;
          const moved = { ...weights, [`${layer.name}.weight`]: { values: nudged } };
          return crossEntropy(forward(network, moved, image).logits, LABEL);
        });
        const slope = (losses[0] - losses[1]) / (2 * nudge);
        assert.ok(
          Math.abs(slope - gradient[at]) < 0.03 * Math.abs(slope) + 1e-3,
          `${layer.name} ${at}: ${gradient[at]}, by nudging ${slope}`,
        );
      }
    }
  });
}

const batch = (size) => {
  const images = new Uint8Array(784 * size);
  for (let i = 0; i < size; i++) images.set(digit(i), 784 * i);
  return { images, labels: Uint8Array.from({ length: size }, (_, i) => (7 * i) % 10) };
};

test("the loss over all weights falls along its own gradient by what the gradient promises", async () => {
  const network = NETWORKS.strided;
  const loss = new Loss(await newEngine(), network, batch(24));
  const numbers = flattened(weightShapes(network), randomWeights(network, 2));
  const { loss: here, gradient } = loss.gradient(numbers);
  assert.equal(here, loss.at(numbers));
  const slope = dot(gradient, gradient);
  const by = 2e-3 / Math.sqrt(slope);
  const there = [by, -by].map((step) =>
    loss.at(numbers.map((number, i) => number - step * gradient[i])),
  );
  assert.ok(Math.abs((there[1] - there[0]) / (2 * by) / slope - 1) < 0.03);
  const mask = learnedMask(weightShapes(network));
  assert.ok(gradient.every((g, i) => mask[i] || g === 0));
});

const OPTIMIZERS = [
  { optimizer: "sgd", momentum: 0 },
  { optimizer: "sgd", momentum: 0.9, weight_decay: 0.01 },
  { optimizer: "adamw", betas: [0.7, 0.85], weight_decay: 0.01 },
  { optimizer: "adadelta", rho: 0.95, epsilon: 1e-7 },
];
for (const changes of OPTIMIZERS) {
  const settings = { ...PLAIN, ...changes };
  const rate = { sgd: 0.1, adamw: 0.01, adadelta: 1 }[settings.optimizer];
  test(`${JSON.stringify(changes)}: the arithmetic in the open, the engine's step, and a training's`, async () => {
    const network = NETWORKS.strided;
    const shapes = weightShapes(network);
    const engine = await newEngine();
    const data = batch(16);
    const start = flattened(shapes, randomWeights(network, 4));
    const loss = new Loss(engine, network, data);
    const walker = new Walker(engine, settings, start);
    const learner = new Model(engine, network, { learns: 16 });
    learner.setNumbers(start);
    learner.prepare(settings);
    const order = engine.place(Int32Array.from({ length: 16 }, (_, i) => i));
    const given = {
      images: engine.place(data.images),
      labels: engine.place(data.labels),
      order,
      count: 16,
    };
    for (let step = 0; step < 3; step++) {
      const { numbers, first, second } = walker.state();
      const { gradient } = loss.gradient(numbers);
      walker.step(gradient, rate);
      const after = walker.state();
      for (const at of [0, 60, 300, 700]) {
        const before = {
          weight: numbers[at],
          gradient: gradient[at],
          first: first[at],
          second: second[at],
          steps: step,
        };
        const open = take(settings, rate, before);
        assert.ok(Math.abs(open.weight - after.numbers[at]) < 1e-6, `weight ${at}, step ${step}`);
        assert.ok(Math.abs(open.step) > 0, `weight ${at} stands still`);
        for (const part of ["first", "second"]) {
          const error = Math.abs(open[part] - after[part][at]);
          assert.ok(error <= 1e-4 * Math.abs(open[part]) + 1e-9, `${part} of ${at}, step ${step}`);
        }
      }
      learner.learn(given, rate, 0, step);
      const learned = learner.numbers();
      after.numbers.forEach((number, i) => {
        if (!loss.learned[i]) return;
        assert.ok(
          Math.abs(number - learned[i]) < 2e-4,
          `number ${i} after step ${step}: ${number}, ${learned[i]}`,
        );
      });
    }
  });
}

test("principal components of points on a tilted plane are that plane", () => {
  const random = generator(1);
  const [u, v] = [
    [0.6, 0.8, 0, 0],
    [0, 0, 0.8, -0.6],
  ];
  const rows = Array.from({ length: 30 }, () => {
    const [a, b] = [4 * (random() - 0.5), random() - 0.5];
    return u.map((part, i) => a * part + b * v[i]);
  });
  const { axes, places, shares } = principalComponents(rows);
  assert.ok(Math.abs(shares[0] + shares[1] - 1) < 1e-9);
  assert.ok(Math.abs(dot(axes[0], axes[1])) < 1e-9 && Math.abs(dot(axes[0], axes[0]) - 1) < 1e-9);
  assert.ok(Math.abs(dot(axes[0], u)) > 0.99);
  rows.forEach((row, i) =>
    near(
      [...row],
      row.map((_, j) => places[i][0] * axes[0][j] + places[i][1] * axes[1][j]),
      1e-9,
      "a row",
    ),
  );
  const line = principalComponents(rows, 1);
  const held = rows.reduce((sum, row) => sum + dot(row, line.axes[0]) ** 2, 0);
  const all = rows.reduce((sum, row) => sum + dot(row, row), 0);
  assert.ok(Math.abs(line.shares[0] - held / all) < 1e-9);
});

test("a training's plane goes through its snapshots, and the loss on it is the loss", async () => {
  const network = NETWORKS.strided;
  const shapes = weightShapes(network);
  const [a, b, c] = [1, 2, 3].map((seed) => flattened(shapes, randomWeights(network, seed)));
  const mixed = [a, b, a.map((one, i) => (one + b[i] + c[i]) / 3), c]; // in one plane, but for the running statistics
  const snapshots = mixed.map((numbers) => unflattened(shapes, numbers));
  const found = plane.planeOfTrajectory(network, snapshots);
  assert.ok(Math.abs(found.share - 1) < 1e-6);
  assert.deepEqual(found.points[3].map(Math.abs), [0, 0]);
  assert.ok(found.points[0].every((coordinate) => coordinate >= 0));
  const loss = new Loss(await newEngine(), network, batch(24));
  found.points.forEach(([x, y], i) => {
    const here = loss.at(plane.numbersAt(found.plane, x, y));
    assert.ok(Math.abs(here - loss.at(mixed[i])) < 1e-3 * here, `snapshot ${i}`);
  });
  const way = Math.hypot(...found.points[0].map((one) => one));
  const learned = learnedMask(shapes);
  const squares = a.reduce((sum, one, i) => sum + learned[i] * (one - c[i]) ** 2, 0);
  const rms = Math.sqrt(squares / learned.reduce((sum, one) => sum + one, 0));
  assert.ok(
    Math.abs(way / rms - 1) < 1e-5,
    "a coordinate is the change of a weight, root mean square",
  );
});

test("a random direction is as long as each kernel, and leaves biases and batch norm alone", () => {
  const network = NETWORKS.strided;
  const shapes = weightShapes(network);
  const weights = randomWeights(network, 6);
  const { first, second } = plane.randomPlane(network, weights, 1);
  assert.notDeepEqual(first, second);
  const direction = unflattened(shapes, first);
  const kernel = ({ values }, f, size) => values.subarray(f * size, (f + 1) * size);
  for (let f = 0; f < 6; f++) {
    const [way, own] = [direction, weights].map((all) => kernel(all["conv2.weight"], f, 45));
    assert.ok(Math.abs(dot(way, way) / dot(own, own) - 1) < 1e-4);
  }
  for (const name of ["conv2.bias", "norm1.weight", "norm1.running_var"])
    assert.ok(direction[name].values.every((value) => value === 0));
});

test("a surface is computed coarse first, and every cell is the loss at its place", () => {
  const bowl = (a, b) => a * a + 3 * b;
  const bounds = { x: [-1, 3], y: [-2, 2] };
  let last;
  let count = 0;
  for (const news of plane.surface(bowl, bounds, 9)) {
    last = news;
    count += 1;
    if (count === 25) assert.ok(news.losses.every(Number.isFinite), "the coarse grid covers all");
  }
  assert.equal(count, 81);
  assert.equal(last.done, 1);
  last.losses.forEach((value, i) => {
    const expected = bowl(-1 + (4 * (i % 9)) / 8, 2 - (4 * Math.floor(i / 9)) / 8);
    assert.ok(Math.abs(value - expected) < 1e-5);
  });
});

test("a contour line runs where the height is, all around, and keeps out of what is not known", () => {
  const size = 33;
  const height = (x, y) => Math.hypot(x - 16.5, y - 16.5);
  const cone = Float32Array.from({ length: size * size }, (_, i) =>
    height((i % size) + 0.5, Math.floor(i / size) + 0.5),
  );
  const pieces = contour(cone, size, 9);
  for (const [x1, y1, x2, y2] of pieces) {
    assert.ok(Math.abs(height(x1, y1) - 9) < 0.05 && Math.abs(height(x2, y2) - 9) < 0.05);
  }
  const length = pieces.reduce((sum, [x1, y1, x2, y2]) => sum + Math.hypot(x2 - x1, y2 - y1), 0);
  assert.ok(Math.abs(length / (2 * Math.PI * 9) - 1) < 0.01);
  cone.fill(Number.NaN, 0, size * 17);
  assert.ok(contour(cone, size, 9).every(([, y]) => y >= 17));
  const saddle = contour([0, 1, 1, 0], 2, 0.4); // two corners are cut off, and the lines do not cross
  assert.equal(saddle.length, 2);
  assert.ok(saddle.every(([x1, y1, x2, y2]) => Math.hypot(x2 - x1, y2 - y1) < 0.6));
});

test("numbers of any size are written so that people can read them", () => {
  const written = [0, 0.0123, -2.5, 14, -0.000031, 123456, 0.00099996].map((v) => significant(v));
  assert.deepEqual(written, ["0", "0.012", "−2.5", "14", "−3.1·10⁻⁵", "1.2·10⁵", "1.0·10⁻³"]);
  assert.equal(significant(0.10203, 5), "0.10203");
});
