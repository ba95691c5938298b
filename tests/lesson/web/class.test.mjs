// What the class's page computes: the QR code of its address, what is learned and what is held out, who wins a tie.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { catchUp, split } from "../../../src/exmachina/lesson/web/class/drawings.js";
import { qrModules } from "../../../src/exmachina/lesson/web/marks/qr.js";
import { sha256 } from "../../../src/exmachina/lesson/web/sha256.js";

const vectors = JSON.parse(readFileSync(new URL("qr.json", import.meta.url), "utf8"));

test("QR codes are those of an independent encoder (Python's qrcode 8.2, bytes, level L), module for module", () => {
  for (const { text, rows } of vectors)
    assert.deepEqual(
      qrModules(text).map((row) => row.map(Number).join("")),
      rows,
    );
});

test("the longest address that fits has 106 bytes", () => {
  assert.equal(qrModules("x".repeat(106)).length, 37);
  assert.equal(qrModules("x".repeat(107)), null);
  assert.equal(qrModules("é".repeat(54)), null);
});

test("SHA-256 is node's, at every length around a block", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 100_003]) {
    const bytes = new Uint8Array(randomBytes(length));
    assert.equal(sha256(bytes), createHash("sha256").update(bytes).digest("hex"));
  }
});

const drawing = (id, label = 0, ink = id) => ({ id, label, image: new Uint8Array(784).fill(ink) });

/** A server's wall. */
function wallOf(drawings, atOnce = 3) {
  return async (after) => ({
    count: drawings.length,
    learners: 1,
    address: null,
    drawings: drawings.filter(({ id }) => id > after).slice(0, atOnce),
  });
}

test("the wall is caught up with in pages, and only what is new is asked for", async () => {
  const asked = [];
  const wall = wallOf([1, 2, 3, 4, 5, 6, 7].map((id) => drawing(id)));
  const noted = (after) => (asked.push(after), wall(after));
  const first = await catchUp([], noted);
  assert.deepEqual(
    first.drawings.map(({ id }) => id),
    [1, 2, 3, 4, 5, 6, 7],
  );
  await catchUp(first.drawings, noted);
  assert.deepEqual(asked, [0, 3, 6, 7]);
});

test("what was taken down goes, even when others came in the same moment", async () => {
  const before = [1, 2, 3, 4].map((id) => drawing(id));
  for (const now of [[1, 3, 4], [1, 3, 4, 5], [5, 6, 7, 8], []]) {
    const { drawings } = await catchUp(before, wallOf(now.map((id) => drawing(id))));
    assert.deepEqual(
      drawings.map(({ id }) => id),
      now,
    );
  }
});

test("half of each digit is held out, and nothing that is learned", () => {
  const all = Array.from({ length: 40 }, (_, i) => drawing(i + 1, i % 4));
  const { learned, heldOut } = split(all);
  for (const label of [0, 1, 2, 3])
    for (const half of [learned, heldOut])
      assert.equal(half.filter((one) => one.label === label).length, 5);
  assert.equal(new Set([...learned, ...heldOut].map(({ id }) => id)).size, 40);
});

test("the same drawing sent twice stays on one side", () => {
  const all = [drawing(1, 7, 9), drawing(2, 7, 9), drawing(3, 7, 5), drawing(4, 7, 9)];
  const { learned, heldOut } = split(all);
  const inks = (half) => new Set(half.map(({ image }) => image[0]));
  assert.deepEqual([inks(learned), inks(heldOut)], [new Set([9]), new Set([5])]);
});
