/** Prepare: from your drawing to what the network sees; every step can be left out. */

import { bars } from "../../marks/bars.js";
import { h } from "../../marks/dom.js";
import { fixed, percent } from "../../marks/format.js";
import { DIGIT, heatMap } from "../../marks/heatmap.js";
import { framed, outline } from "../../marks/overlay.js";
import { PAD } from "../../marks/sheet.js";
import { argmax, forward } from "../../network/forward.js";
import { centreOfMass } from "../../network/centring.js";
import { stages } from "../../network/normalize.js";
import { shapeText } from "../../network/spec.js";
import { inked, renderStrokes } from "../../network/strokes.js";
import { setStrokes, store } from "../../state.js";
import { mount as mountPad } from "../pad.js";
import { whileVisible } from "../shared.js";
import { t } from "../../texts.js";

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
const EXAMPLE_PEN = 14;

const STEPS = [
  { key: "crop", name: t("Cut out the ink"), off: t("The whole sheet, empty parts and all.") },
  {
    key: "scale",
    name: t("Longer side to 20 pixels"),
    off: t("Stretched to 28 × 28, whatever its shape."),
  },
  {
    key: "pen",
    needs: ["crop", "scale"],
    name: t("Lay the pen on after scaling"),
    off: t("A thin pen fades, a thick one blots."),
  },
  {
    key: "centre",
    needs: ["scale"],
    name: t("Centre of mass to the centre"),
    off: t("The box in the middle, however the ink lies in it."),
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
    { type: "button", onclick: () => setStrokes(EXAMPLE, EXAMPLE_PEN) },
    t("A small 4, please"),
  );
  pad.querySelector(".controls")?.append(example);
  const outcome = h("div", { class: "outcome" });
  const way = h("div", { class: "way-of-a-digit" });
  const switches = STEPS.map(({ key, name, off, needs = [] }) => {
    const box = h("input", { type: "checkbox", checked: true });
    const note = h("span", { class: "note" });
    box.addEventListener("change", () => {
      on[key] = box.checked;
      for (const one of switches) one.tell();
      show(store.get());
    });
    const tell = () => {
      const idle = !needs.every((other) => on[other]);
      box.disabled = idle;
      note.textContent = idle ? t("Without the steps before it there is nothing to do here.") : "";
      if (!idle && !box.checked) note.textContent = off;
    };
    return { element: h("li", {}, h("label", {}, box, " ", name), note), tell };
  });
  root.classList.add("normalising");
  root.append(
    pad,
    h(
      "div",
      {},
      h(
        "ol",
        { class: "switches" },
        switches.map(({ element }) => element),
      ),
      outcome,
    ),
    way,
  );

  /** @param {import("../../state.js").State} state */
  function show(state) {
    const { model } = state;
    const own = state.strokes.length > 0;
    const [strokes, pen] = own ? [state.strokes, state.pen] : [EXAMPLE, EXAMPLE_PEN];
    const pictures = onTheWay(strokes, pen, on);
    const image = pictures && prepared(strokes, pen, on);
    if (!image || !model) return;
    way.replaceChildren(...pictures.map(({ name, picture }) => stop(name, picture)));
    const canvas = heatMap(image, {
      ...DIGIT,
      label: t("What the network gets"),
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
          own ? "" : `${t("An example, small and in a corner. Draw your own.")} `,
          t("The ink balances at row {y}, column {x}; MNIST's at 14, 14.", {
            y: fixed(y, 1),
            x: fixed(x, 1),
          }),
        ),
      ),
      h(
        "div",
        {},
        h(
          "p",
          { class: "fact", role: "status" },
          t("Read as {digit}, {percent}", { digit, percent: percent(result.probabilities[digit]) }),
        ),
        bars(result.probabilities, {
          max: 1,
          strong: digit,
          format: (v) => percent(v, 0),
          label: t("Probabilities"),
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
  return sheetStages(half, width, { crop, scale, centre })?.centre.pixels ?? null;
}

/** @param {number[][][]} half strokes at half the pad's size @param {number} pen @param {import("../../network/normalize.js").Steps} steps */
const sheetStages = (half, pen, steps) => stages(inked(half, pen / 2, PAD / 2, PAD / 2, 2), steps);

/**
 * The drawing after each step that is switched on, as it was laid on the sheet.
 * @param {number[][][]} strokes
 * @param {number} pen
 * @param {Record<string, boolean>} on
 */
function onTheWay(strokes, pen, on) {
  const half = strokes.map((stroke) => stroke.map(([x, y]) => [x / 2, y / 2]));
  const found = sheetStages(half, pen, { crop: on.crop, scale: on.scale, centre: on.centre });
  return (
    found && [
      { name: t("as drawn"), picture: found.contrast },
      { name: t("cut out"), picture: found.crop },
      { name: t("scaled"), picture: found.scale },
      { name: t("in its place"), picture: found.centre },
    ]
  );
}

/** One picture on the way. @param {string} name @param {import("../../network/normalize.js").Picture} picture */
function stop(name, { width, height, pixels }) {
  const map = heatMap(pixels, { width, height, scale: "pixel", max: 255, label: name });
  return h(
    "figure",
    {},
    map,
    h("figcaption", {}, name, h("small", {}, shapeText([width, height]))),
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
