/** See: which pixels spoke for a digit, and what a neuron would like to see. */

import { h } from "../../marks/dom.js";
import { fixed } from "../../marks/format.js";
import { DIGIT, digitImage, heatMap, paint } from "../../marks/heatmap.js";
import { legend } from "../../marks/legend.js";
import { reach } from "../../marks/scale.js";
import { generator } from "../../network/dropout.js";
import { argmax } from "../../network/forward.js";
import { dreamStep, integratedGradients } from "../../network/gradient.js";
import { lookAtPicture, store } from "../../state.js";
import { t } from "../../texts.js";
import { segments, tenDigits, whileVisible } from "../shared.js";

const STEPS = 90;

/** @param {HTMLElement} root */
export function mount(root) {
  const spoke = h("div", {});
  const dream = h("div", {});
  root.classList.add("side-by-side");
  root.append(spoke, dream);
  mountAttribution(spoke);
  mountDream(dream);
}

/** @param {HTMLElement} root */
function mountAttribution(root) {
  /** @type {number | null} */
  let asked = null;
  const figure = h("div", {}, ...shown(new Float32Array(784), 1, 0, "\u00a0")); // its place, until it is drawn
  const choices = tenDigits([{ value: -1, text: t("Its answer") }], (i) => t("For a {i}", { i }));
  root.append(
    h("p", {}, t("What speaks for …")),
    segments(t("What speaks for which digit"), choices, -1, (digit) => {
      asked = digit < 0 ? null : digit;
      show(store.get());
    }),
    figure,
  );

  let timer = 0;
  /** @param {import("../../state.js").State} state */
  function show({ model, result, image }) {
    if (!model || !result || !image)
      return void figure.replaceChildren(
        h("p", { class: "note" }, t("Draw or choose a digit first.")),
      );
    const digit = asked ?? argmax(result.logits);
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      const shares = integratedGradients(model.network, model.weights, image, digit);
      const max = reach(shares);
      const total = shares.reduce((sum, share) => sum + share, 0);
      const note = t(
        "Together the pixels add {total} to the score of {digit}; the score is {score}, an empty sheet's {empty}.",
        {
          total: fixed(total, 2),
          digit,
          score: fixed(result.logits[digit], 2),
          empty: fixed(result.logits[digit] - total, 2),
        },
      );
      figure.replaceChildren(...shown(shares, max, digit, note));
    }, 250); // once the pen rests: it takes two dozen passes through the network
  }
  whileVisible(root, ["result", "model", "image"], show);
}

/**
 * What each of 784 pixels adds, on a scale up to `max`, and a note below.
 * @param {Float32Array} shares @param {number} max @param {number} digit @param {string} note
 */
const shown = (shares, max, digit, note) => [
  h(
    "div",
    { class: "bordered" },
    heatMap(shares, {
      width: 28,
      height: 28,
      scale: "signed",
      max,
      label: t("What each pixel adds to the score of {digit}", { digit }),
    }),
  ),
  legend("signed", max, { low: t("against"), high: t("for") }),
  h("p", { class: "note" }, note),
];

/** @param {HTMLElement} root */
function mountDream(root) {
  /** @type {Float32Array} */
  let pixels = noise();
  let frame = 0;
  const canvas = digitImage(bytes(), t("What the neuron would like to see"));
  const note = h(
    "p",
    { class: "note", role: "status" },
    t("Noise, to begin with. Choose who should like it."),
  );
  const use = h(
    "button",
    { type: "button", disabled: true, onclick: () => lookAtPicture(bytes()) },
    t("Use it as the digit"),
  );
  const outputs = tenDigits([], (i) => t("The output for {i}", { i }));
  root.append(
    h("p", {}, t("What would it like to see?")),
    segments(
      t("What would like to see something"),
      [...outputs, { value: -1, text: t("The neuron above") }],
      NaN,
      start,
    ),
    h("div", { class: "bordered" }, canvas),
    note,
    h("div", { class: "controls" }, use),
  );

  /** @param {number} digit the output for a digit, or −1 for the neuron in focus */
  function start(digit) {
    const { model, focus, result } = store.get();
    if (!model || !result) return;
    cancelAnimationFrame(frame);
    pixels = noise();
    const index = digit < 0 ? focus.layer : model.network.layers.length - 1;
    const [, height = 1, width = 1] = result.layers[index].shape;
    const unit = digit < 0 ? (focus.channel * height + focus.y) * width + focus.x : digit;
    const name =
      digit < 0
        ? `${model.network.layers[index].name}, ${focus.channel}`
        : t("output {digit}", { digit });
    let step = 0;
    let first = NaN;
    const advance = () => {
      for (let i = 0; i < 3 && step < STEPS; i++, step++) {
        const next = dreamStep(model.network, model.weights, pixels, index, unit);
        pixels = next.pixels;
        if (step === 0) first = next.value;
        note.textContent = t("{name}: from {first} with noise to {last} after {steps} steps.", {
          name,
          first: fixed(first, 2),
          last: fixed(next.value, 2),
          steps: step + 1,
        });
      }
      paint(canvas, bytes(), {
        ...DIGIT,
        label: t("What the neuron would like to see"),
      });
      if (step < STEPS) frame = requestAnimationFrame(advance);
      else use.disabled = false;
    };
    advance();
  }
  function bytes() {
    return Uint8Array.from(pixels, (pixel) => Math.round(255 * pixel));
  }
}

const noise = () => {
  const random = generator(7);
  return Float32Array.from({ length: 784 }, () => 0.12 * random());
};
