/**
 * The drawing pad: the sheet, its pen, undo and clear.
 */

import { h } from "../marks/dom.js";
import { fixed } from "../marks/format.js";
import { PEN } from "../marks/sheet.js";
import { setStrokes, store } from "../state.js";
import { copyLink } from "./link.js";
import { sharedSheet, slider } from "./shared.js";
import { t } from "../texts.js";

/** @param {HTMLElement} root */
export function mount(root) {
  const { canvas, redraw } = sharedSheet();
  const hint = h("p", { class: "hint", "aria-hidden": "true" }, t("Draw a digit here"));
  const pen = slider({
    label: t("Pen"),
    min: 12,
    max: 50,
    value: PEN,
    format: (v) => fixed(v / 10, 1),
    oninput: (v) => setStrokes(store.get().strokes, v),
  });
  const undo = h(
    "button",
    { type: "button", onclick: () => setStrokes(store.get().strokes.slice(0, -1)) },
    t("Undo"),
  );
  const clear = h("button", { type: "button", onclick: () => setStrokes([]) }, t("Clear"));
  root.append(
    h("div", { class: "pad" }, canvas, hint),
    h("div", { class: "controls" }, pen.element, undo, clear, copyLink()),
  );

  store.watch(["strokes", "pen", "theme", "source"], ({ strokes, source, pen: width }) => {
    hint.hidden = strokes.length > 0;
    hint.textContent =
      source.kind === "drawing" ? t("Draw a digit here") : t("Draw over it: your own digit");
    undo.disabled = clear.disabled = strokes.length === 0;
    pen.set(width);
    redraw();
  });
}
