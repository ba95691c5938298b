// The vectors that pytest reads as well: the page rounds percentages as the reports and figures do.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { percent } from "../../../src/exmachina/lesson/web/marks/format.js";

const vectors = JSON.parse(
  readFileSync(new URL("../../percentages.json", import.meta.url), "utf8"),
);

for (const { fraction, places, text } of vectors)
  test(`${fraction} with ${places} decimals is ${text}`, () =>
    assert.equal(percent(fraction, places).replaceAll(/\s/g, " "), text));
