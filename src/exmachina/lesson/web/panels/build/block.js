/** Build: what can be done with one block: turn its knobs, move it, remove it, put another before it. */

import { h } from "../../marks/dom.js";
import { plain } from "../../marks/format.js";
import { t } from "../../texts.js";
import { slider } from "../shared.js";

/** @typedef {import("../../network/spec.js").Layer} Layer */
/** @typedef {{remove?: boolean, move?: number, insert?: Layer}} Change `insert`: its name is still without a number */

/** Which knobs a layer has. @returns {Record<string, {key: keyof Layer, label: string, values: number[]}[]>} */
const everyKnob = () => ({
  Conv2D: [
    { key: "filters", label: t("Kernels"), values: [4, 8, 12, 16, 24, 32, 48, 64, 96] },
    { key: "kernel", label: t("Size"), values: [1, 2, 3, 4, 5, 6, 7, 9] },
    { key: "stride", label: t("Stride"), values: [1, 2, 3] },
    { key: "padding", label: t("Padding"), values: [0, 1, 2, 3] },
  ],
  MaxPooling2D: [{ key: "size", label: t("Square"), values: [1, 2, 3, 4] }],
  Dropout: [{ key: "rate", label: t("Silenced"), values: [0, 0.1, 0.25, 0.5, 0.75] }],
  Dense: [{ key: "units", label: t("Units"), values: [8, 16, 32, 64, 128, 256, 512] }],
});

/** What can be put in, as it comes out of the box. @returns {{text: string, layer: Layer}[]} */
const everyNew = () => [
  {
    text: t("convolution"),
    layer: {
      type: "Conv2D",
      name: "conv",
      activation: "relu",
      filters: 16,
      kernel: 3,
      stride: 1,
      padding: 0,
    },
  },
  {
    text: t("pooling"),
    layer: { type: "MaxPooling2D", name: "pool", activation: "linear", size: 2 },
  },
  {
    text: t("batch normalisation"),
    layer: { type: "BatchNormalization", name: "norm", activation: "linear", epsilon: 1e-5 },
  },
  {
    text: t("dropout"),
    layer: { type: "Dropout", name: "dropout", activation: "linear", rate: 0.25 },
  },
  { text: t("maps in one row"), layer: { type: "Flatten", name: "flatten", activation: "linear" } },
  { text: t("dense"), layer: { type: "Dense", name: "dense", activation: "relu", units: 64 } },
];

/** @param {Layer} layer changed in place @param {() => void} onchange */
export function knobs(layer, onchange) {
  return (everyKnob()[layer.type] ?? []).map(({ key, label, values }) => {
    const now = Number(layer[key] ?? (key === "padding" ? 0 : 1));
    const all = [...new Set([...values, now])].sort((a, b) => a - b);
    return slider({
      label: label,
      min: 0,
      max: all.length - 1,
      value: all.indexOf(now),
      format: (i) => plain(all[i]),
      oninput: (i) => {
        /** @type {any} */ (layer)[key] = all[i];
        onchange();
      },
    }).element;
  });
}

/**
 * The last block gives the ten answers: it stays where it is.
 * @param {Layer} layer
 * @param {{first: boolean, last: boolean, beforeLast: boolean}} place
 * @param {(change: Change) => void} onchange
 */
export function tools({ name }, { first, last, beforeLast }, onchange) {
  const button = (
    /** @type {string} */ sign,
    /** @type {string} */ text,
    /** @type {boolean} */ disabled,
    /** @type {Change} */ change,
  ) =>
    h(
      "button",
      {
        type: "button",
        class: "tool",
        "aria-label": text,
        title: text,
        disabled,
        onclick: () => onchange(change),
      },
      sign,
    );
  const all = everyNew();
  const insert = h(
    "select",
    {
      class: "tool",
      "aria-label": t("Put a block before {name}", { name }),
      onchange: () => onchange({ insert: structuredClone(all[Number(insert.value)].layer) }),
    },
    h("option", { value: "" }, t("+ before")),
    all.map(({ text }, i) => h("option", { value: i }, text)),
  );
  return h(
    "div",
    { class: "tools-of-block" },
    ...(last
      ? []
      : [
          button("‹", t("Move {name} forward", { name }), first, { move: -1 }),
          button("›", t("Move {name} back", { name }), beforeLast, { move: 1 }),
          button("×", t("Remove {name}", { name }), false, { remove: true }),
        ]),
    insert,
  );
}
