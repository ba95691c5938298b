// Every text of the page stands in every catalogue, with the same names in it, and nothing else does.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import {
  blockText,
  keyOf,
  LANGUAGES,
  languageFor,
  t,
} from "../../../src/exmachina/lesson/web/texts.js";

const WEB = new URL("../../../src/exmachina/lesson/web/", import.meta.url);
const modules = readdirSync(WEB, { recursive: true }).filter((file) => file.endsWith(".js"));
const code = (file) =>
  readFileSync(new URL(file, WEB), "utf8").replace(/\/\*\*[\s\S]*?\*\/|\/\/ .*$/gm, "");
const html = ["index.html", "class/index.html"]
  .map((file) => readFileSync(new URL(file, WEB), "utf8"))
  .join("");

const CALL = /\b(?:t|parts)\(\s*"((?:[^"\\]|\\.)*)"/g;
const BLOCK = /<(title|h[1-4]|p|legend|label|figcaption|summary|button)\b[^>]*>([\s\S]*?)<\/\1>/g;
const LINK = /<a (?:class="skip" )?href="#\w+">([^<]*)<\/a>/g;

/** What the page can say, in English. */
function texts() {
  const calls = modules.flatMap((file) => [...code(file).matchAll(CALL)]);
  const blocks = [...html.matchAll(BLOCK)].map(([, , inner]) => blockText(inner));
  const links = [...html.matchAll(LINK)].map(([, text]) => blockText(text));
  const names = [...html.matchAll(/ aria-label="([^"]*)"/g)].map(([, name]) => name);
  const all = [...calls.map(([, text]) => keyOf(JSON.parse(`"${text}"`))), ...blocks, ...links];
  return new Set([...all, ...names].filter((text) => /\p{L}/u.test(text)));
}

const names = (text) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

for (const language of Object.keys(LANGUAGES).filter((tag) => tag !== "en")) {
  const catalogue = JSON.parse(readFileSync(new URL(`texts/${language}.json`, WEB), "utf8"));

  test(`the ${language} catalogue is complete, and holds nothing that the page no longer says`, () => {
    const said = texts();
    const missing = [...said].filter((text) => !(text in catalogue));
    const left = Object.keys(catalogue).filter((text) => !said.has(text));
    assert.deepEqual({ missing, left }, { missing: [], left: [] });
    assert.ok(said.size > 400);
  });

  test(`the ${language} catalogue keeps the names and the markup of each text`, () => {
    const tags = (text) => (text.match(/<[^>]+>/g) ?? []).sort();
    for (const [english, other] of Object.entries(catalogue)) {
      assert.deepEqual(names(other), names(english), english);
      assert.deepEqual(tags(other), tags(english), english);
      assert.doesNotMatch(other, /\d %/, "a space that does not break stands before %");
    }
  });
}

test("every text is called by a literal, so that it can be found", () => {
  for (const file of modules.filter((name) => name !== "texts.js")) {
    for (const [call] of code(file).matchAll(/(?<![\w.$])(?:t|parts)\(\s*[^\s"]/g))
      assert.fail(`${file}: ${call}`);
  }
});

test("the address asks first, then an earlier choice, then the browser", () => {
  assert.equal(languageFor({ preferred: ["fr-CH", "de-CH", "en"] }), "de");
  assert.equal(languageFor({ preferred: ["fr"] }), "en");
  assert.equal(languageFor({ chosen: "en", preferred: ["de"] }), "en");
  assert.equal(languageFor({ asked: "de", chosen: "en", preferred: ["en"] }), "de");
  assert.equal(languageFor({ asked: "xx", chosen: null }), "en");
});

test("values are put in by name, and an unknown wording is said as it is", () => {
  assert.equal(t("step {n} of {all}", { n: 0, all: 9 }), "step 0 of 9");
});

test("a line does not break between a number and its % or unit, nor around ×", () => {
  assert.equal(t("{n} % or 95 % of", { n: 2 }), "2\u00a0% or 95\u00a0% of");
  assert.equal(t("{n} MB in 5 min, 5 minutes", { n: 2 }), "2\u00a0MB in 5\u00a0min, 5 minutes");
  assert.equal(t("{n} × {n} of 28 × 28", { n: 2 }), "2\u00a0×\u00a02 of 28\u00a0×\u00a028");
});
