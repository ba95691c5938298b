/**
 * See, the overview: every map of every layer, left to right; the chosen neuron and what it can see are outlined.
 */

import { bars } from "../../marks/bars.js";
import { h } from "../../marks/dom.js";
import { percent } from "../../marks/format.js";
import { DIGIT, digitImage, paint } from "../../marks/heatmap.js";
import { mosaicLayout, neuronOnMosaic, onMosaic, paintMosaic } from "../../marks/mosaic.js";
import { cellAt, framed, outline } from "../../marks/overlay.js";
import { reach } from "../../marks/scale.js";
import { argmax } from "../../network/forward.js";
import { receptiveField } from "../../network/receptive.js";
import { neuronSum } from "../../network/neuron.js";
import { describe, shapeText, steps } from "../../network/spec.js";
import { stages } from "../../network/stages.js";
import { focusOn, store, unitAt } from "../../state.js";
import { arrow, whileVisible } from "../shared.js";
import { t } from "../../texts.js";

const NARROW = 760;
const OUTLINED = 4; // sources
const ONE_LINE = 9; // more layers are set in several lines

/** @typedef {{index: number, canvas: HTMLCanvasElement, frame: HTMLElement, layout: import("../../marks/mosaic.js").Layout}} Column */

/** @param {HTMLElement} root */
export function mountMosaic(root) {
  /** @type {Column[]} */
  let columns = [];
  /** @type {HTMLElement} */
  let inputFrame;
  /** @type {HTMLElement} */
  let answers;
  let built = "";

  /** Lay the columns out anew when the network or the room for it has changed. @param {import("../../state.js").State} state */
  function build({ model }) {
    if (!model) return;
    const narrow = root.clientWidth < NARROW;
    const key = JSON.stringify([model.network, narrow]);
    if (key === built) return;
    built = key;
    columns = [];
    inputFrame = framed(digitImage(new Uint8Array(784)), "input");
    const parts = [column(t("input"), [t("28 × 28 pixels")], inputFrame)];
    const room = [3];
    steps(model.network).forEach(({ layer, output }, index) => {
      if (index === model.network.layers.length - 1) {
        answers = h("div", { class: "answers" });
        parts.push(column(layer.name, [describe(layer)], answers));
        room.push(4.5);
      } else if (layer.type !== "Flatten" && layer.type !== "Dropout") {
        const across = acrossFor(output, narrow);
        parts.push(
          column(
            layer.name,
            [shapeText(output), describe(layer)],
            mapColumn(index, output, across),
          ),
        );
        room.push(output.length === 3 ? Math.max(2.7, across) : 2.6);
      }
    });
    root.replaceChildren(h("div", { class: "layers" }, parts));
    const grid = /** @type {HTMLElement} */ (root.firstElementChild);
    grid.style.gridTemplateColumns = narrow
      ? "minmax(0, 1fr)"
      : parts.length > ONE_LINE
        ? "repeat(auto-fill, minmax(200px, 1fr))"
        : room.map((share) => `minmax(0, ${share}fr)`).join(" ");
  }

  /** @param {number} index @param {number[]} shape @param {number} across */
  function mapColumn(index, shape, across) {
    const canvas = h("canvas", { class: "heat mosaic" });
    const frame = framed(canvas);
    const layout = mosaicLayout(shape, across);
    columns.push({ index, canvas, frame, layout });
    frame.tabIndex = 0;
    frame.setAttribute("role", "application");
    const choose = (/** @type {PointerEvent} */ event) =>
      focusOn({ layer: index, ...neuronOnMosaic(layout, cellAt(canvas, event)) });
    frame.addEventListener("pointerdown", choose);
    frame.addEventListener("pointermove", (event) => event.buttons === 1 && choose(event));
    frame.addEventListener("keydown", (event) => {
      const step = arrow(event);
      if (!step) return;
      const { focus } = store.get();
      const from = focus.layer === index ? focus : { channel: 0, y: 0, x: 0 };
      if (event.shiftKey)
        return focusOn({
          layer: index,
          ...from,
          y: Math.max(0, from.y + step[0]),
          x: Math.max(0, from.x + step[1]),
        });
      focusOn({
        layer: index,
        ...from,
        channel: Math.max(0, Math.min(shape[0] - 1, from.channel + step[0] * across + step[1])),
      });
    });
    return frame;
  }

  /** @param {import("../../state.js").State} state */
  function show(state) {
    build(state);
    const { result, model, image, focus } = state;
    if (!model || !inputFrame) return;
    const canvas = /** @type {HTMLCanvasElement} */ (inputFrame.querySelector("canvas"));
    paint(canvas, image ?? new Uint8Array(784), {
      ...DIGIT,
      label: t("The digit, as the network sees it"),
    });
    const levels = receptiveField(steps(model.network), focus.layer, focus.y, focus.x);
    outline(inputFrame, result ? levels[0] : null);
    for (const { index, canvas, frame, layout } of columns) {
      const layer = model.network.layers[index];
      const values = result
        ? result.layers[index].values
        : new Float32Array(layout.channels * layout.width * layout.height);
      const signed = values.some((value) => value < 0);
      paintMosaic(canvas, values, layout, { scale: signed ? "signed" : "ink", max: reach(values) });
      frame.setAttribute(
        "aria-label",
        label(layer.name, result ? values : null, result?.layers[index].shape ?? []),
      );
      const box = index <= focus.layer ? levels[index + 1] : null;
      const own = index === focus.layer;
      const every = { top: 0, left: 0, bottom: layout.height - 1, right: layout.width - 1 };
      if (own)
        outline(
          frame,
          onMosaic(layout, focus.channel, every),
          box && onMosaic(layout, focus.channel, box),
        );
      else if (box && result)
        outline(
          frame,
          ...sources(model, result, index, focus).map((c) => ({
            ...onMosaic(layout, c, box),
            kind: "thin",
          })),
        );
      else outline(frame);
    }
    const probabilities = result?.probabilities ?? new Float32Array(10);
    answers?.replaceChildren(
      bars(probabilities, {
        max: 1,
        strong: result ? argmax(probabilities) : -1,
        format: (v) => percent(v),
        label: t("Probabilities"),
      }),
    );
  }

  new ResizeObserver(() => show(store.get())).observe(root);
  whileVisible(root, ["result", "model", "image", "focus", "theme"], show);
}

/**
 * The maps of layer `index` to outline for the focus: its own where nothing mixes in between, the strongest sources of
 * its sum one mixing layer before; further back it depends on all, and outlines would say nothing.
 * @param {import("../../api.js").Model} model
 * @param {import("../../network/forward.js").Result} result
 * @param {number} index
 * @param {import("../../state.js").Focus} focus
 */
function sources({ network, weights }, result, index, focus) {
  const every = stages(network);
  const own = every.findLast(({ from }) => from <= focus.layer);
  if (!own || index >= own.from) return [focus.channel];
  const before = every[every.indexOf(own) - 1];
  if (!before || index < before.from) return [];
  const box = receptiveField(steps(network), focus.layer, focus.y, focus.x)[own.from + 1];
  const at = { channel: focus.channel, y: box?.top ?? 0, x: box?.left ?? 0 };
  const { terms } = neuronSum(network, weights, result, own.from, at);
  return terms.slice(0, OUTLINED).map((term) => term.index);
}

/** How many maps stand side by side. @param {number[]} shape @param {boolean} narrow */
export function acrossFor([channels, height = 1], narrow) {
  if (height === 1)
    return narrow ? Math.min(32, channels) : Math.max(4, Math.round(Math.sqrt(channels / 2.2)));
  if (narrow) return channels <= 16 ? 4 : 8;
  return Math.max(Math.min(4, channels), Math.ceil(channels / 8));
}

/** @param {string} name @param {string[]} lines @param {HTMLElement} content */
export function column(name, lines, content) {
  return h(
    "div",
    { class: "layer" },
    h(
      "p",
      { class: "layer-name" },
      h("strong", {}, name),
      lines.map((line) => h("span", {}, line)),
    ),
    content,
  );
}

/** @param {string} name @param {Float32Array | null} values @param {number[]} shape */
function label(name, values, shape) {
  if (!values) return t("{name}: nothing to see yet", { name });
  const { channel } = unitAt(shape, argmax(values));
  return shape.length === 3
    ? t(
        "{name}, {n} maps; the strongest response is in map {channel}. Arrow keys choose a map, with Shift a place in it.",
        { name, n: shape[0], channel },
      )
    : t(
        "{name}, {n} units; the strongest response is in unit {channel}. Arrow keys choose a unit.",
        { name, n: shape[0], channel },
      );
}
