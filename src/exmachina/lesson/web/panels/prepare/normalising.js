/** Prepare: from your drawing to what the network sees; every step can be left out. */

import { bars } from "../../marks/bars.js";
import { h } from "../../marks/dom.js";
import { percent } from "../../marks/format.js";
import { heatMap } from "../../marks/heatmap.js";
import { framed, outline } from "../../marks/overlay.js";
import { PAD } from "../../marks/sheet.js";
import { argmax, forward } from "../../network/forward.js";
import { centreOfMass, stages } from "../../network/normalize.js";
import { inked, renderStrokes } from "../../network/strokes.js";
import { setStrokes, store } from "../../state.js";
import { mount as mountPad } from "../pad.js";
import { whileVisible } from "../shared.js";

/** A small 4 in a corner, for readers who have not drawn yet. */
const EXAMPLE = [
  [
    [52, 40],
    [44, 62],
    [36, 84],
    [70, 86],
    [96, 86],
  ],
  [
    [84, 48],
    [80, 76],
    [77, 104],
    [74, 126],
  ],
];

const STEPS = [
  { key: "crop", name: "Cut out the ink", off: "The whole sheet, empty parts and all." },
  {
    key: "scale",
    name: "Longer side to 20 pixels",
    off: "Stretched to 28 × 28, whatever its shape.",
  },
  { key: "pen", name: "Lay the pen on after scaling", off: "A thin pen fades, a thick one blots." },
  {
    key: "centre",
    name: "Centre of mass to the centre",
    off: "The box in the middle, however the ink lies in it.",
  },
];

/** @param {HTMLElement} root */
export function mount(root) {
  /** @type {Record<string, boolean>} */
  const on = { crop: true, scale: true, pen: true, centre: true };
  const pad = h("div", {});
  mountPad(pad);
  const example = h(
    "button",
    { type: "button", onclick: () => setStrokes(EXAMPLE, 14) },
    "A small 4, please",
  );
  pad.querySelector(".controls")?.append(example);
  const outcome = h("div", { class: "outcome" });
  const switches = STEPS.map(({ key, name, off }) => {
    const box = h("input", { type: "checkbox", checked: true });
    const note = h("span", { class: "note" });
    box.addEventListener("change", () => {
      on[key] = box.checked;
      note.textContent = box.checked ? "" : off;
      show(store.get());
    });
    return h("li", {}, h("label", {}, box, " ", name), note);
  });
  root.classList.add("normalising");
  root.append(pad, h("div", {}, h("ol", { class: "switches" }, switches), outcome));

  /** @param {import("../../state.js").State} state */
  function show(state) {
    const { strokes, pen, model } = state;
    const image = strokes.length ? prepared(strokes, pen, on) : null;
    if (!image || !model) {
      outcome.replaceChildren(h("p", { class: "note" }, "Draw something, or take the small 4."));
      return;
    }
    const canvas = heatMap(image, {
      width: 28,
      height: 28,
      scale: "pixel",
      max: 255,
      label: "What the network gets",
    });
    const frame = framed(canvas);
    const [y, x] = centreOfMass({ height: 28, width: 28, pixels: image });
    outline(
      frame,
      { top: 4, left: 4, bottom: 23, right: 23, kind: "guide" },
      { top: y - 0.25, left: x - 0.25, bottom: y - 0.75 + 0.25 + 0.25, right: x - 0.5 + 0.25 },
    );
    const result = forward(model.network, model.weights, image, { temperature: model.temperature });
    const digit = argmax(result.probabilities);
    outcome.replaceChildren(
      h(
        "div",
        {},
        frame,
        h(
          "p",
          { class: "note" },
          `The ink balances at row ${y.toFixed(1)}, column ${x.toFixed(1)}; MNIST's at 14, 14.`,
        ),
      ),
      h(
        "div",
        {},
        h(
          "p",
          { class: "fact", role: "status" },
          `Read as ${digit}, ${percent(result.probabilities[digit])}`,
        ),
        bars(result.probabilities, {
          max: 1,
          strong: digit,
          format: (v) => percent(v, 0),
          label: "Probabilities",
        }),
      ),
    );
  }
  whileVisible(root, ["strokes", "pen", "model"], show);
}

/**
 * The 784 bytes with some steps left out.
 * @param {number[][][]} strokes
 * @param {number} pen
 * @param {Record<string, boolean>} on
 */
function prepared(strokes, pen, { crop, scale, pen: redraw, centre }) {
  if (crop && scale && redraw && centre) return renderStrokes(strokes, (pen * 28) / PAD);
  // Half the pad's resolution is fine enough for a picture that ends at 28 × 28.
  const half = strokes.map((stroke) => stroke.map(([x, y]) => [x / 2, y / 2]));
  const width = redraw && scale && crop ? matchedPen(strokes, pen) : pen;
  return (
    stages(inked(half, width / 2, PAD / 2, PAD / 2, 2), { crop, scale, centre })?.centre.pixels ??
    null
  );
}

/** The pen's width on the sheet that comes out right once the drawing is scaled. @param {number[][][]} strokes @param {number} pen */
function matchedPen(strokes, pen) {
  const xs = strokes.flat().map(([x]) => x),
    ys = strokes.flat().map(([, y]) => y);
  const extent = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
  const width = (pen * 28) / PAD;
  return (width * extent) / (20 - width);
}
