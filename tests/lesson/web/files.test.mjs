// What the reader takes away, read again: weights, and a zip archive of drawings.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { idxFiles, safetensors } from "../../../src/exmachina/lesson/web/files.js";
import { readSafetensors } from "../../../src/exmachina/lesson/web/network/safetensors.js";

test("weights are read back as they were written", () => {
  const weights = {
    "conv1.weight": { shape: [2, 1, 1, 2], values: Float32Array.of(1, -2.5, 3e-9, 4) },
    "conv1.bias": { shape: [1], values: Float32Array.of(0.25) },
  };
  assert.deepEqual(readSafetensors(safetensors(weights).buffer), weights);
});

test("the archive of drawings is one that others open", () => {
  const folder = mkdtempSync(join(tmpdir(), "drawings-"));
  const image = Array.from({ length: 784 }, (_, i) => i % 256);
  writeFileSync(
    join(folder, "digits.zip"),
    idxFiles([
      { label: 7, image },
      { label: 2, image },
    ]),
  );
  execFileSync("python3", ["-m", "zipfile", "-e", join(folder, "digits.zip"), folder]);
  const labels = readFileSync(join(folder, "digits/train-labels-idx1-ubyte"));
  assert.deepEqual([...labels], [0, 0, 8, 1, 0, 0, 0, 2, 7, 2]);
  assert.deepEqual(
    [...readFileSync(join(folder, "digits/train-images-idx3-ubyte")).subarray(16, 16 + 784)],
    image,
  );
  assert.equal(readFileSync(join(folder, "digits/t10k-labels-idx1-ubyte")).length, 8);
});
