/**
 * See: one neuron. Which map, where in it, what of the digit it sees, and its value as the whole sum that it is.
 */

import { h } from "../../marks/dom.js";
import { fixed, plain, signed } from "../../marks/format.js";
import { digitImage, heatMap } from "../../marks/heatmap.js";
import { legend } from "../../marks/legend.js";
import { matrix } from "../../marks/matrix.js";
import { cellAt, framed, outline } from "../../marks/overlay.js";
import { reach } from "../../marks/scale.js";
import { agrees, neuronSum } from "../../network/neuron.js";
import { receptiveField } from "../../network/receptive.js";
import { describe, shapeText, steps } from "../../network/spec.js";
import { focusOn, focusOnStrongest, store } from "../../state.js";
import { t } from "../../texts.js";
import { select, whileVisible } from "../shared.js";

const SHOWN = 5; // terms that are shown one by one

/** @param {HTMLElement} root */
export function mount(root) {
  root.classList.add("neuron");
  const head = h("div", { class: "controls above" });
  const views = h("div", { class: "views" });
  const sum = h("div", { class: "sum" });
  root.append(head, views, sum);
  let headOf = "";

  /** Other controls in the place of these; whoever is at one of them stays at its successor. @param {HTMLElement[]} controls */
  function refill(controls) {
    const all = () =>
      /** @type {HTMLElement[]} */ ([...head.querySelectorAll("select, input, button")]);
    const at = all().indexOf(/** @type {HTMLElement} */ (document.activeElement));
    head.replaceChildren(...controls);
    all()[at]?.focus();
  }

  whileVisible(root, ["result", "model", "image", "focus", "theme"], (state) => {
    const { model, result, image, focus } = state;
    if (!model || !result || !image) {
      views.replaceChildren(h("p", { class: "note" }, t("Draw or choose a digit first.")));
      return sum.replaceChildren();
    }
    const key = JSON.stringify([model.network, focus]);
    if (key !== headOf) refill(choices(model.network, focus));
    headOf = key;
    views.replaceChildren(...pictures(state));
    sum.replaceChildren(
      ...wholeSum(neuronSum(model.network, model.weights, result, focus.layer, focus)),
    );
  });
}

/** @param {import("../../network/spec.js").Network} network @param {import("../../state.js").Focus} focus */
function choices(network, focus) {
  const all = steps(network);
  const options = network.layers
    .map((layer, i) => ({ value: String(i), text: `${layer.name}: ${describe(layer)}` }))
    .filter((_, i) => network.layers[i].type !== "Flatten" && network.layers[i].type !== "Dropout");
  const [channels, height, width] = all[focus.layer].output;
  return [
    select(t("Layer"), options, String(focus.layer), (value) => focusOnStrongest(Number(value))),
    number(height ? t("Map") : t("Unit"), focus.channel, channels, (channel) =>
      focusOn({ channel }),
    ),
    height && number(t("Row"), focus.y, height, (y) => focusOn({ y })),
    width && number(t("Column"), focus.x, width, (x) => focusOn({ x })),
    h(
      "button",
      { type: "button", onclick: () => focusOnStrongest(store.get().focus.layer) },
      t("Strongest"),
    ),
  ].filter((element) => element instanceof HTMLElement);
}

/** @param {string} label @param {number} value @param {number} count @param {(value: number) => void} onchange */
function number(label, value, count, onchange) {
  const input = h("input", {
    type: "number",
    min: "0",
    max: String(count - 1),
    value: String(value),
  });
  input.addEventListener("change", () => {
    const inside = Math.max(0, Math.min(count - 1, Math.round(Number(input.value)) || 0));
    input.value = String(inside);
    onchange(inside);
  });
  return h("label", { class: "number" }, label, " ", input);
}

/** The digit with what the neuron sees of it, and the map that it belongs to. @param {import("../../state.js").State} state */
function pictures({ model, result, image, focus }) {
  if (!model || !result || !image) return [];
  const all = steps(model.network);
  const levels = receptiveField(all, focus.layer, focus.y, focus.x);
  const seen = framed(digitImage(image, t("The digit and the part of it that the neuron sees")));
  outline(seen, levels[0]);
  const field = levels[0];
  const size = field
    ? shapeText([field.bottom - field.top + 1, field.right - field.left + 1])
    : shapeText([28, 28]);
  const parts = [
    h("figure", {}, seen, h("figcaption", {}, t("sees {size} of 28 × 28 pixels", { size }))),
  ];
  const { shape, values, name } = result.layers[focus.layer];
  if (shape.length === 3) {
    const [, height, width] = shape;
    const own = values.subarray(
      focus.channel * height * width,
      (focus.channel + 1) * height * width,
    );
    const negative = own.some((value) => value < 0);
    const canvas = heatMap(own, {
      width,
      height,
      scale: negative ? "signed" : "ink",
      max: reach(values),
      label: t("Map {channel} of {name}", { channel: focus.channel, name }),
    });
    const frame = framed(canvas);
    outline(frame, { top: focus.y, left: focus.x, bottom: focus.y, right: focus.x });
    frame.classList.add("choosable");
    const choose = (/** @type {PointerEvent} */ event) => focusOn(cellAt(canvas, event));
    frame.addEventListener("pointerdown", choose);
    parts.push(
      h(
        "figure",
        {},
        frame,
        h(
          "figcaption",
          {},
          t("{name}, map {channel}: choose a place", { name, channel: focus.channel }),
        ),
      ),
    );
  }
  return parts;
}

/** @param {import("../../network/neuron.js").Sum} sum */
function wholeSum(sum) {
  const { layer, terms, source, bias, value, network } = sum;
  if (layer.type === "MaxPooling2D")
    return [
      h("p", {}, t("The largest of these {n} goes on:", { n: terms[0].inputs.length })),
      h(
        "div",
        { class: "arithmetic" },
        matrix(terms[0].inputs, terms[0].columns, {
          scale: "signed",
          label: t("What pooling chooses from"),
          strong: [terms[0].weights.indexOf(1)],
          decimals: 4,
        }),
        h("span", {}, "→"),
        h("strong", { class: "mono network-value" }, fixed(value, 4)),
      ),
      check(sum, t("The largest")),
    ];
  const largest = terms.slice(0, SHOWN);
  const rest = terms.slice(SHOWN);
  const others = rest.reduce((total, term) => total + term.sum, 0);
  const maxInput = Math.max(...largest.map((term) => reach(term.inputs)));
  const maxWeight = Math.max(...largest.map((term) => reach(term.weights)));
  const seenScale = terms.some(({ inputs }) => inputs.some((input) => input < 0))
    ? "signed"
    : "ink";
  const rows = largest.map((term, i) =>
    termRow(term, {
      source,
      open: i === 0 && term.inputs.length <= 49 && term.inputs.length > 1,
      maxInput,
      maxWeight,
      seenScale,
    }),
  );
  const final = layer.activation === "relu" ? "ReLU" : null;
  return [
    h("div", { class: "terms" }, rows),
    h(
      "dl",
      { class: "total" },
      rest.length
        ? [h("dt", {}, othersText(source, rest.length)), h("dd", {}, signed(others, 4))]
        : null,
      h("dt", {}, layer.type === "BatchNormalization" ? t("shift") : t("bias")),
      h("dd", {}, signed(bias, 4)),
      h("dt", { class: "line" }, t("sum")),
      h("dd", { class: "line" }, fixed(sum.sum, 4)),
      final && [
        h("dt", {}, sum.sum > 0 ? t("ReLU lets it pass") : t("ReLU makes it")),
        h("dd", {}, h("strong", { class: "shown-sum" }, fixed(value, 4))),
      ],
      h(
        "dt",
        {},
        layer.activation === "softmax"
          ? t("the network's own value before softmax")
          : t("the network's own value"),
      ),
      h("dd", { class: "network-value" }, fixed(network, 4)),
    ),
    check(sum, t("The sum")),
    h(
      "div",
      { class: "controls" },
      legend("signed", maxWeight, { name: t("weights") }),
      legend(seenScale, maxInput, { name: t("what it sees") }),
    ),
  ];
}

/** @param {string} source what the terms come from, "channel" or "unit" @param {number} count */
function othersText(source, count) {
  if (count === 1) return t("the other one adds");
  return source === "unit"
    ? t("the other {n} units add", { n: count })
    : t("the other {n} channels add", { n: count });
}

/** @param {string} source */
const sourceName = (source) => (source === "unit" ? t("unit") : t("channel"));

/** @param {import("../../network/neuron.js").Sum} sum @param {string} what was computed */
function check(sum, what) {
  const good = agrees(sum);
  return h(
    "p",
    { class: good ? "check" : "check wrong-mark", role: "status" },
    good
      ? t("✓ {what} is the network's value.", { what })
      : t("✗ {what} differs from the network's value by {error}. Please report this.", {
          what,
          error: plain(Math.abs(sum.value - sum.network)),
        }),
  );
}

/**
 * One source: what is there × the weights = the products, added up.
 * @param {import("../../network/neuron.js").Term} term
 * @param {{source: string, open: boolean, maxInput: number, maxWeight: number,
 *   seenScale: import("../../marks/scale.js").Scale}} options
 */
function termRow(term, { source, open, maxInput, maxWeight, seenScale }) {
  const { rows, columns, inputs, weights, sum, index } = term;
  const products = inputs.map((value, i) => value * weights[i]);
  /** @param {Float32Array} values @param {number} max @param {string} label @param {import("../../marks/scale.js").Scale} [scale] */
  const write = (values, max, label, scale = "signed") =>
    open
      ? matrix(values, columns, { scale, max, label })
      : heatMap(values, { width: columns, height: rows, scale, max, label });
  const single = inputs.length === 1;
  return h(
    "div",
    { class: open ? "term open" : "term" },
    h("span", { class: "source" }, `${sourceName(source)} ${index}`),
    single
      ? h("span", { class: "mono" }, `${fixed(inputs[0], 4)} × ${fixed(weights[0], 4)}`)
      : [
          write(
            inputs,
            maxInput,
            t("What {source} {index} holds", { source: sourceName(source), index }),
            seenScale,
          ),
          h("span", {}, "×"),
          write(weights, maxWeight, t("Weights")),
          h("span", {}, "="),
          write(products, maxInput * maxWeight, t("Products")),
        ],
    h("span", { class: "to" }, "→"),
    h("span", { class: "value mono" }, signed(sum, 4)),
  );
}
