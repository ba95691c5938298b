/** A pad: draw a digit, and the network reads it under the pen. */

import { h } from "../../lesson/web/marks/dom.js";
import { fixed } from "../../lesson/web/marks/format.js";
import { answerOf, reading } from "../../lesson/web/marks/reading.js";
import { PAD, sheet } from "../../lesson/web/marks/sheet.js";
import { judge } from "../../lesson/web/network/rejector.js";
import { renderStrokes } from "../../lesson/web/network/strokes.js";
import { slider } from "../../lesson/web/panels/shared.js";
import { t } from "../../lesson/web/texts.js";
import { classifierOf, imageOf, read, watch } from "./kernel.js";

const UNIT = PAD / 28; // of strokes, in one of the network's pixels

/** @typedef {import("../../lesson/web/network/strokes.js").Strokes} Strokes */

/** @param {HTMLElement} room @param {import("./kernel.js").Model} model */
export function pad(room, model) {
  const classifier = classifierOf(model);
  let strokes = strokesOf(model);
  const { canvas, redraw } = sheet({
    strokes: () => strokes,
    pen: () => model.get("pen") * UNIT,
    onstrokes: (next) => draw(next),
  });
  const hint = h("p", { class: "hint", "aria-hidden": "true" });
  const pen = slider({
    label: t("Pen"),
    min: 1.2,
    max: 5,
    step: 0.1,
    value: model.get("pen"),
    format: (v) => fixed(v, 1),
    oninput: (v) => draw(strokes, v),
  });
  const undo = h(
    "button",
    { type: "button", onclick: () => draw(strokes.slice(0, -1)) },
    t("Undo"),
  );
  const clear = h("button", { type: "button", onclick: () => draw([]) }, t("Clear"));
  const answers = reading();
  room.append(
    h(
      "div",
      { class: "draw" },
      h(
        "div",
        {},
        h("div", { class: "pad" }, canvas, hint),
        h("div", { class: "controls" }, pen.element, undo, clear),
      ),
      h("div", { class: "reading" }, answers.elements),
    ),
  );

  /** The kernel gets the strokes, and the image that the network sees of them.
   * @param {Strokes} next @param {number} [width] of the pen */
  function draw(next, width = model.get("pen")) {
    const image = renderStrokes(next, width);
    model.set("pen", width);
    model.set("strokes", next);
    model.set("image", image && new DataView(image.buffer));
    model.save_changes();
  }

  function show() {
    strokes = strokesOf(model);
    const image = imageOf(model);
    const result = read(classifier(), image);
    const probabilities = result?.probabilities ?? null;
    const verdict = result && judge(classifier(), result);
    answers.show(image, probabilities, answerOf(verdict, probabilities));
    hint.hidden = strokes.length > 0;
    hint.textContent = image ? t("Draw over it: your own digit") : t("Draw a digit here");
    undo.disabled = clear.disabled = strokes.length === 0;
    if (pen.input.valueAsNumber !== model.get("pen")) pen.set(model.get("pen"));
    redraw();
  }
  show();
  return { show, forget: watch(model, ["image", "strokes", "pen", "_classifier"], show) };
}

/** What is drawn, if the image on show is of it: Python may have set another one. @param {import("./kernel.js").Model} model @returns {Strokes} */
function strokesOf(model) {
  const strokes = model.get("strokes");
  const [image, drawn] = [imageOf(model), renderStrokes(strokes, model.get("pen"))];
  const same = drawn ? image?.every((pixel, i) => pixel === drawn[i]) : !image;
  return same ? strokes : [];
}
