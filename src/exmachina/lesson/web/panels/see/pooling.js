/** See: one map before and after pooling; the square that is looked at and the value that goes on. */

import { h } from "../../marks/dom.js";
import { fixed } from "../../marks/format.js";
import { heatMap } from "../../marks/heatmap.js";
import { matrix } from "../../marks/matrix.js";
import { cellAt, framed, outline } from "../../marks/overlay.js";
import { reach } from "../../marks/scale.js";
import { inputOf, neuronSum } from "../../network/neuron.js";
import { argmax } from "../../network/forward.js";
import { store, unitAt } from "../../state.js";
import { t } from "../../texts.js";
import { arrow, whileVisible } from "../shared.js";

/** @param {HTMLElement} root */
export function mount(root) {
  let at = { y: 0, x: 0 };
  let begun = false;
  const pictures = h("div", { class: "side-by-side" });
  const numbers = h("div", { class: "arithmetic" });
  root.append(pictures, numbers);

  /** @param {import("../../state.js").State} state */
  function show({ model, result, focus }) {
    const index = model?.network.layers.findIndex(({ type }) => type === "MaxPooling2D") ?? -1;
    if (!model || !result || index < 0) {
      pictures.replaceChildren();
      return void numbers.replaceChildren(
        h(
          "p",
          { class: "note" },
          index < 0 ? t("This network does not pool.") : t("Draw or choose a digit first."),
        ),
      );
    }
    const size = model.network.layers[index].size ?? 2;
    const [values, [channels, height, width]] = inputOf(result, index);
    const output = result.layers[index];
    const [, poolHeight, poolWidth] = output.shape;
    const channel = Math.min(focus.channel, channels - 1);
    if (!begun)
      at = unitAt(
        output.shape,
        channel * poolHeight * poolWidth +
          argmax(
            output.values.subarray(
              channel * poolHeight * poolWidth,
              (channel + 1) * poolHeight * poolWidth,
            ),
          ),
      );
    begun = true;
    at = { y: Math.min(at.y, poolHeight - 1), x: Math.min(at.x, poolWidth - 1) };
    const part = (/** @type {Float32Array} */ all, /** @type {number} */ area) =>
      all.subarray(channel * area, (channel + 1) * area);
    const max = reach(values);
    const scale = values.some((value) => value < 0) ? "signed" : "ink";
    const before = framed(
      heatMap(part(values, height * width), {
        width,
        height,
        scale,
        max,
        label: t("Map {channel} before pooling", { channel }),
      }),
    );
    const after = framed(
      heatMap(part(output.before, poolHeight * poolWidth), {
        width: poolWidth,
        height: poolHeight,
        scale,
        max,
        label: t("Map {channel} after pooling", { channel }),
      }),
    );
    outline(before, {
      top: at.y * size,
      left: at.x * size,
      bottom: at.y * size + size - 1,
      right: at.x * size + size - 1,
    });
    outline(after, { top: at.y, left: at.x, bottom: at.y, right: at.x });
    listen(before, size);
    listen(after, 1);
    pictures.replaceChildren(
      h(
        "div",
        {},
        before,
        h(
          "p",
          { class: "note" },
          t("{height} × {width}, map {channel}", { height, width, channel }),
        ),
      ),
      h(
        "div",
        {},
        after,
        h(
          "p",
          { class: "note" },
          t("{height} × {width}, the largest of each {size} × {size}", {
            height: poolHeight,
            width: poolWidth,
            size,
          }),
        ),
      ),
    );
    const [term] = neuronSum(model.network, model.weights, result, index, { channel, ...at }).terms;
    numbers.replaceChildren(
      matrix(term.inputs, size, {
        scale,
        max,
        decimals: 3,
        label: t("The square"),
        strong: [term.weights.indexOf(1)],
      }),
      h("span", {}, "→"),
      h("strong", { class: "mono" }, fixed(term.sum, 3)),
      h("span", { class: "note" }, t("the largest of the {n} goes on", { n: term.inputs.length })),
    );
  }

  /** @param {HTMLElement} frame @param {number} size */
  function listen(frame, size) {
    const canvas = /** @type {HTMLCanvasElement} */ (frame.querySelector("canvas"));
    const choose = (/** @type {PointerEvent} */ event) => {
      const cell = cellAt(canvas, event);
      const next = { y: Math.floor(cell.y / size), x: Math.floor(cell.x / size) };
      if (next.y === at.y && next.x === at.x) return;
      at = next;
      show(store.get());
    };
    frame.addEventListener("pointermove", choose);
    frame.addEventListener("pointerdown", choose);
  }
  root.tabIndex = 0;
  root.setAttribute("role", "application");
  root.setAttribute("aria-label", t("Pooling. Arrow keys move the square."));
  root.addEventListener("keydown", (event) => {
    const step = arrow(event);
    if (!step) return;
    at = { y: Math.max(0, at.y + step[0]), x: Math.max(0, at.x + step[1]) };
    show(store.get());
  });
  whileVisible(root, ["model", "result", "focus", "theme"], show);
}
