/** See: the first convolution's kernel slides over the digit, with the real numbers. */

import { h } from "../../marks/dom.js";
import { fixed } from "../../marks/format.js";
import { digitImage, heatMap } from "../../marks/heatmap.js";
import { matrix } from "../../marks/matrix.js";
import { cellAt, framed, outline } from "../../marks/overlay.js";
import { reach } from "../../marks/scale.js";
import { neuronSum } from "../../network/neuron.js";
import { receptiveField } from "../../network/receptive.js";
import { steps } from "../../network/spec.js";
import { argmax } from "../../network/forward.js";
import { store, unitAt } from "../../state.js";
import { player } from "../player.js";
import { select, whileVisible } from "../shared.js";
import { t } from "../../texts.js";

/** @param {HTMLElement} root */
export function mount(root) {
  let channel = 0;
  let shape = [1, 24, 24];
  const choice = h("div", { class: "controls above" });
  const pictures = h("div", { class: "side-by-side" });
  const arithmetic = h("div", { class: "arithmetic" });
  const control = player({
    count: () => shape[1] * shape[2],
    speeds: [1, 60, 4],
    onstep: () => {
      begun = true;
      show(store.get());
    },
    label: t("Place"),
  });
  root.classList.add("sliding");
  root.append(choice, pictures, control.element, arithmetic);
  let chosenFor = "";
  let begun = false; // until then the whole map is shown

  /** @param {import("../../state.js").State} state */
  function show({ model, result, image }) {
    if (!model || !result || !image)
      return void arithmetic.replaceChildren(
        h("p", { class: "note" }, t("Draw or choose a digit first.")),
      );
    const index = model.network.layers.findIndex(({ type }) => type === "Conv2D");
    const output = result.layers[index];
    shape = output.shape;
    const [filters, height, width] = shape;
    if (chosenFor !== model.network.name + filters) {
      chosenFor = model.network.name + filters;
      const strongest = unitAt(shape, argmax(output.values));
      channel = strongest.channel;
      control.resize();
      control.go(strongest.y * width + strongest.x, true);
      const options = Array.from({ length: filters }, (_, i) => ({
        value: String(i),
        text: String(i),
      }));
      choice.replaceChildren(
        select(t("Kernel of {name}", { name: output.name }), options, String(channel), (value) => {
          channel = Number(value);
          show(store.get());
        }),
      );
    }
    const [y, x] = [Math.floor(control.at() / width), control.at() % width];
    control.describe(() => t("row {y}, column {x}", { y, x }));
    const window = receptiveField(steps(model.network), index, y, x)[0];
    const before = framed(digitImage(image, t("The digit")));
    outline(before, window);
    const map = output.values.subarray(channel * height * width, (channel + 1) * height * width);
    // What the kernel has not reached yet is not written yet.
    const written = begun ? map.map((value, i) => (i <= control.at() ? value : 0)) : map;
    const negative = map.some((value) => value < 0);
    const after = framed(
      heatMap(written, {
        width,
        height,
        scale: negative ? "signed" : "ink",
        max: reach(map),
        label: t("Map {channel} as far as it is written", { channel }),
      }),
    );
    outline(after, { top: y, left: x, bottom: y, right: x });
    for (const [
      frame,
      toCell,
    ] of /** @type {[HTMLElement, (cell: {y: number, x: number}) => number][]} */ ([
      [before, middle(window, width, height)],
      [after, (cell) => cell.y * width + cell.x],
    ])) {
      const canvas = /** @type {HTMLCanvasElement} */ (frame.querySelector("canvas"));
      frame.addEventListener("pointermove", (event) => point(toCell(cellAt(canvas, event))));
      frame.addEventListener("pointerdown", (event) => point(toCell(cellAt(canvas, event))));
    }
    pictures.replaceChildren(before, after);
    const sum = neuronSum(model.network, model.weights, result, index, { channel, y, x });
    const [term] = sum.terms;
    const signs = term.inputs.some((v) => v < 0) ? "signed" : "ink";
    const products = term.inputs.map((v, i) => v * term.weights[i]);
    arithmetic.replaceChildren(
      matrix(term.inputs, term.columns, {
        scale: signs,
        max: signs === "signed" ? 3 : 1,
        label: t("Pixels under the kernel"),
      }),
      h("span", {}, "×"),
      matrix(term.weights, term.columns, { max: reach(term.weights), label: t("Kernel") }),
      h("span", {}, "="),
      matrix(products, term.columns, { max: reach(products), label: t("Products") }),
      h(
        "p",
        { class: "mono" },
        t("added up {added}, bias {bias}: {sum}", {
          added: fixed(term.sum, 3),
          bias: fixed(sum.bias, 3),
          sum: fixed(sum.sum, 3),
        }) + (sum.layer.activation === "relu" ? ` → ReLU → ${fixed(sum.value, 3)}` : ""),
      ),
    );
  }

  let pending = 0;
  /** @param {number} at */
  function point(at) {
    if (at === control.at()) return;
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(() => {
      control.pause();
      control.go(at);
    });
  }
  whileVisible(root, ["model", "result", "image", "theme"], show);
}

/**
 * From a pixel of the digit to the place whose window has it in the middle.
 * @param {import("../../network/receptive.js").Box | null} window @param {number} width @param {number} height
 */
function middle(window, width, height) {
  const offset = window ? Math.floor((window.bottom - window.top) / 2) : 0;
  const stride = 28 / Math.max(width, height) >= 2 ? Math.round(28 / Math.max(width, height)) : 1;
  const inside = (/** @type {number} */ v, /** @type {number} */ size) =>
    Math.max(0, Math.min(size - 1, v));
  return (/** @type {{y: number, x: number}} */ cell) =>
    inside(Math.round((cell.y - offset) / stride), height) * width +
    inside(Math.round((cell.x - offset) / stride), width);
}
