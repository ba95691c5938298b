/** Use: a photo of a whole page; every digit in its box, and a click corrects it. Reading it takes the lesson's server. */

import { hasServer } from "../../host.js";
import { h } from "../../marks/dom.js";
import { percent } from "../../marks/format.js";
import { readPage } from "../../server.js";
import { parts, t } from "../../texts.js";
import { segments, tenDigits } from "../shared.js";
import { dropZone } from "./drop.js";
import { decoded, keepDigit, reduced } from "./picture.js";

/**
 * @typedef {import("../../server.js").Page} Page
 * @typedef {import("../../server.js").Field} Field
 * @typedef {import("../../server.js").Glyph} Glyph
 */

const LARGEST = 2400; // pixels of the longer side that are sent: the server reads no more
const QUALITY = 0.92;

/** @param {HTMLElement} root */
export function mount(root) {
  if (!hasServer()) return void root.append(withoutServer());
  const status = h("p", { class: "note", role: "status" });
  const sheet = h("div", { class: "page-sheet", hidden: true });
  const correction = h("div", { class: "correct" });
  const texts = h("div", { class: "page-texts" });
  const drop = dropZone("page-file", t("Choose a page"), read);
  root.append(drop, status, sheet, correction, texts);

  /** @param {File} picture */
  async function read(picture) {
    status.textContent = t("Reading it …");
    correction.replaceChildren();
    texts.replaceChildren();
    sheet.hidden = true;
    try {
      const bitmap = await decoded(picture);
      const canvas = reduced(bitmap, LARGEST, t("Your page"), "white");
      bitmap.close();
      const page = await readPage(await asJpeg(canvas));
      show(canvas, page);
      const unsure = page.fields.filter(({ unsure }) => unsure).length;
      status.textContent = t(
        "{fields} numbers, {unsure} of them unsure (orange). Click a digit to correct it.",
        { fields: page.fields.length, unsure },
      );
    } catch (error) {
      status.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  /** @param {HTMLCanvasElement} canvas @param {Page} page */
  function show(canvas, page) {
    sheet.replaceChildren(canvas);
    for (const field of page.fields)
      for (const glyph of field.glyphs) sheet.append(box(glyph, field, page));
    sheet.hidden = false;
    texts.replaceChildren(table(page));
  }

  /** @param {Glyph} glyph @param {Field} field @param {Page} page */
  function box(glyph, field, page) {
    /** @param {number} label */
    const correct = async (label) => {
      if (!(await keep(glyph, label))) return;
      name(button, glyph);
      field.text = retold(field);
      texts.replaceChildren(table(page));
    };
    const button = h("button", {
      type: "button",
      class: "page-box",
      onclick: () => ask(glyph, button, correct),
    });
    name(button, glyph);
    const { left, top, width, height } = glyph.box;
    button.style.left = `${(100 * left) / page.width}%`;
    button.style.top = `${(100 * top) / page.height}%`;
    button.style.width = `${(100 * width) / page.width}%`;
    button.style.height = `${(100 * height) / page.height}%`;
    return button;
  }

  /** @param {Glyph} glyph @param {HTMLButtonElement} button @param {(label: number) => void} correct */
  function ask(glyph, button, correct) {
    for (const other of sheet.querySelectorAll("[aria-pressed=true]"))
      other.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", "true");
    const question =
      glyph.digit === null
        ? t("No digit was read here. What is it?")
        : t("Read as {digit} ({probability}). What is it?", {
            digit: glyph.digit,
            probability: percent(glyph.probability),
          });
    correction.replaceChildren(
      question,
      segments(t("Which digit it is"), tenDigits(), -1, correct),
    );
  }

  /** @param {Glyph} glyph @param {number} label */
  async function keep(glyph, label) {
    if (!(await keepDigit(status, { label, strokes: null, image: glyph.image }))) return false;
    glyph.digit = label;
    glyph.unsure = false;
    return true;
  }
}

/** A number's text after a correction, as exmachina/reading/pages.py writes it. @param {Field} field */
function retold({ text, glyphs }) {
  const signs = glyphs.map(({ digit }) => digit ?? "?").join("");
  const digits = signs.replace(/^\?+|\?+$/g, "");
  const cents = text.includes(".") ? text.length - 1 - text.indexOf(".") : 0;
  return cents ? `${digits.slice(0, -cents)}.${digits.slice(-cents)}` : digits;
}

/** @param {HTMLButtonElement} button @param {Glyph} glyph */
function name(button, glyph) {
  const digit = glyph.digit === null ? "?" : String(glyph.digit);
  button.classList.toggle("unsure", glyph.unsure);
  button.setAttribute(
    "aria-label",
    glyph.unsure ? t("{digit}, unsure", { digit }) : t("A {digit}", { digit }),
  );
  button.dataset.digit = digit;
}

/** The page's numbers by row and column. @param {Page} page */
function table(page) {
  const cells = Array.from({ length: page.rows }, () => Array(page.columns).fill(""));
  for (const { row, column, text } of page.fields) cells[row][column] = text;
  const lines = cells.map((row) => h("tr", {}, ...row.map((text) => h("td", {}, text))));
  return h("table", { "aria-label": t("What was read") }, h("tbody", {}, ...lines));
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} */
const asJpeg = (canvas) =>
  new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error(t("The page could not be sent.")))),
      "image/jpeg",
      QUALITY,
    ),
  );

/** What it would take. */
const withoutServer = () =>
  h(
    "p",
    { class: "note" },
    ...parts(
      "Here the page is plain files with nothing behind them, and reading whole pages takes the lesson's server: start it with {lesson}, or read a page in a terminal with {read}. For this to work here too, the finding of paper, ink and cuts would have to be written in JavaScript as well.",
      {
        lesson: h("code", {}, "exmachina lesson"),
        read: h("code", {}, "exmachina read page.jpg"),
      },
    ),
  );
