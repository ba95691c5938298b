/** Every layer of a network for one digit, left to right; a neuron that is chosen tells its value and what it sees. */

import { bars } from "../../lesson/web/marks/bars.js";
import { h } from "../../lesson/web/marks/dom.js";
import { fixed, percent } from "../../lesson/web/marks/format.js";
import { digitImage, paint } from "../../lesson/web/marks/heatmap.js";
import { legend } from "../../lesson/web/marks/legend.js";
import {
  mosaicLayout,
  neuronOnMosaic,
  onMosaic,
  paintMosaic,
} from "../../lesson/web/marks/mosaic.js";
import { cellAt, framed, outline } from "../../lesson/web/marks/overlay.js";
import { reach } from "../../lesson/web/marks/scale.js";
import { argmax } from "../../lesson/web/network/forward.js";
import { receptiveField } from "../../lesson/web/network/receptive.js";
import { describe, shapeText, steps } from "../../lesson/web/network/spec.js";
import { acrossFor, column } from "../../lesson/web/panels/see/overview-mosaic.js";
import { arrow } from "../../lesson/web/panels/shared.js";
import { t } from "../../lesson/web/texts.js";
import { classifierOf, imageOf, read, watch } from "./kernel.js";

/**
 * @typedef {import("../../lesson/web/network/forward.js").Result} Result
 * @typedef {{layer: number, channel: number, y: number, x: number}} Neuron
 * @typedef {{index: number, canvas: HTMLCanvasElement, frame: HTMLElement, layout: import("../../lesson/web/marks/mosaic.js").Layout}} Maps
 */

const EMPTY = new Uint8Array(784);

/** @param {HTMLElement} room @param {import("./kernel.js").Model} model */
export function layers(room, model) {
  const classifier = classifierOf(model);
  const input = framed(digitImage(EMPTY), "input");
  const answers = h("div", { class: "answers" });
  const text = h("p", { class: "note", role: "status" });
  const grid = h("div", { class: "layers" });
  room.append(h("div", { class: "overview" }, grid, text));
  /** @type {Maps[]} */
  let all = [];
  /** @type {unknown} */
  let built = null;
  /** @type {Neuron | null} */
  let chosen = null;

  /** Lay the columns out when the network is another one. */
  function build() {
    const { network } = classifier();
    if (network === built) return;
    built = network;
    chosen = null;
    all = [];
    const parts = [column(t("input"), [t("28 × 28 pixels")], input)];
    const room = [3];
    steps(network).forEach(({ layer, output }, index) => {
      if (layer.type === "Flatten" || layer.type === "Dropout") return;
      const last = index === network.layers.length - 1;
      const across = acrossFor(output, false);
      const lines = last ? [describe(layer)] : [shapeText(output), describe(layer)];
      parts.push(column(layer.name, lines, last ? answers : mapsOf(index, output, across)));
      room.push(last ? 4.5 : output.length === 3 ? Math.max(2.7, across) : 2.6);
    });
    const shares = room.map((share) => `minmax(0, ${share}fr)`).join(" ");
    grid.style.setProperty("--columns", parts.length > 9 ? "" : shares);
    grid.replaceChildren(...parts);
  }

  /** @param {number} index @param {number[]} shape @param {number} across */
  function mapsOf(index, shape, across) {
    const canvas = h("canvas", { class: "heat mosaic" });
    const frame = framed(canvas);
    const layout = mosaicLayout(shape, across);
    frame.tabIndex = 0;
    frame.setAttribute("role", "application");
    frame.addEventListener("pointerdown", (event) =>
      choose({ layer: index, ...neuronOnMosaic(layout, cellAt(canvas, event)) }),
    );
    frame.addEventListener("keydown", (event) => {
      const step = arrow(event);
      if (!step) return;
      const { channel, y, x } = chosen?.layer === index ? chosen : { channel: 0, y: 0, x: 0 };
      const inside = (/** @type {number} */ v, /** @type {number} */ size) =>
        Math.max(0, Math.min(size - 1, v));
      choose(
        event.shiftKey
          ? {
              layer: index,
              channel,
              y: inside(y + step[0], layout.height),
              x: inside(x + step[1], layout.width),
            }
          : {
              layer: index,
              channel: inside(channel + step[0] * across + step[1], shape[0]),
              y,
              x,
            },
      );
    });
    all.push({ index, canvas, frame, layout });
    return frame;
  }

  /** @param {Neuron} neuron */
  function choose(neuron) {
    chosen = neuron;
    show();
  }

  function show() {
    build();
    const image = imageOf(model);
    const { network } = classifier();
    const result = read(classifier(), image);
    paint(/** @type {HTMLCanvasElement} */ (input.querySelector("canvas")), image ?? EMPTY, {
      width: 28,
      height: 28,
      scale: "pixel",
      max: 255,
      label: image ? t("The digit, as the network sees it") : t("Nothing yet"),
    });
    for (const maps of all) paintMaps(maps, network, result);
    const probabilities = result?.probabilities ?? new Float32Array(10);
    answers.replaceChildren(
      bars(probabilities, {
        max: 1,
        strong: result ? argmax(probabilities) : -1,
        format: (value) => (result ? percent(value) : "–"),
        label: t("Probability of each digit"),
      }),
    );
    mark(network, result);
  }

  /** Outline the chosen neuron and all of the digit that it sees, and tell its value.
   * @param {import("../../lesson/web/network/spec.js").Network} network @param {Result | null} result */
  function mark(network, result) {
    for (const { index, frame, layout } of all) {
      const { channel, y, x } = chosen ?? { channel: 0, y: 0, x: 0 };
      if (chosen?.layer !== index) outline(frame);
      else outline(frame, onMosaic(layout, channel, { top: y, left: x, bottom: y, right: x }));
    }
    const field = chosen && receptiveField(steps(network), chosen.layer, chosen.y, chosen.x)[0];
    outline(input, result && field);
    text.replaceChildren(
      ...(chosen && result
        ? [neuronText(network, result, chosen)]
        : [t("Choose a place in a map to see its value and what it looks at.")]),
      legend("ink", 1, { high: t("the layer's strongest") }),
      legend("signed", 1, { low: t("negative"), high: t("positive"), name: t("before ReLU:") }),
    );
  }
  show();
  return { show, forget: watch(model, ["image", "_classifier"], show) };
}

/** @param {Maps} maps @param {import("../../lesson/web/network/spec.js").Network} network @param {Result | null} result */
function paintMaps({ index, canvas, frame, layout }, network, result) {
  const values =
    result?.layers[index].values ??
    new Float32Array(layout.channels * layout.width * layout.height);
  const signed = values.some((value) => value < 0);
  paintMosaic(canvas, values, layout, { scale: signed ? "signed" : "ink", max: reach(values) });
  const name = network.layers[index].name;
  const { channels: count, width } = layout;
  frame.setAttribute(
    "aria-label",
    width > 1
      ? t("{name}, {count} maps. Arrow keys choose a map, with Shift a place in it.", {
          name,
          count,
        })
      : t("{name}, {count} units. Arrow keys choose a unit.", { name, count }),
  );
}

/** @param {import("../../lesson/web/network/spec.js").Network} network @param {Result} result @param {Neuron} neuron */
function neuronText(network, result, { layer, channel, y, x }) {
  const { values, shape } = result.layers[layer];
  const [, height = 1, width = 1] = shape;
  const value = fixed(values[(channel * height + y) * width + x], 3);
  const { name } = network.layers[layer];
  return shape.length === 3
    ? t("{name}, map {channel}, row {y}, column {x}: {value}", { name, channel, y, x, value })
    : t("{name}, unit {channel}: {value}", { name, channel, value });
}
