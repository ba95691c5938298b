/**
 * What the network reads in the current image: the image it sees, its answer in words, and ten bars.
 */

import { bars } from "../marks/bars.js";
import { h } from "../marks/dom.js";
import { chance, percent } from "../marks/format.js";
import { digitImage } from "../marks/heatmap.js";
import { argmax } from "../network/forward.js";
import { sourceText } from "../state.js";
import { whileVisible } from "./shared.js";
import { t } from "../texts.js";

const EMPTY = new Uint8Array(784);

/** @param {HTMLElement} root */
export function mount(root) {
  root.classList.add("reading");
  whileVisible(root, ["result", "image", "source", "model"], (state) =>
    root.replaceChildren(...reading(state)),
  );
}

/** @param {import("../state.js").State} state */
function reading(state) {
  const { image, result, model } = state;
  const verdict = answer(state);
  return [
    h(
      "div",
      { class: "seen" },
      digitImage(
        image ?? EMPTY,
        image ? t("What the network sees, 28 by 28 pixels") : t("Nothing yet"),
      ),
      h("span", {}, t("What the network sees")),
    ),
    h("p", { class: "verdict", role: "status" }, verdict.big, h("small", {}, verdict.small)),
    bars(result?.probabilities ?? new Float32Array(10), {
      max: 1,
      strong: result && model ? argmax(result.probabilities) : -1,
      format: (value) => (result ? percent(value) : "–"),
      label: t("Probability of each digit"),
    }),
  ];
}

/**
 * The answer in words; never a confident guess about an empty sheet.
 * @param {import("../state.js").State} state
 */
export function answer(state) {
  const { image, result, model, source } = state;
  if (!model) return { big: "–", small: t("The network is on its way.") };
  if (!image || !result)
    return { big: "–", small: t("Nothing is drawn yet, so there is nothing to read.") };
  const digit = argmax(result.probabilities);
  const probability = result.probabilities[digit];
  const doubtful = model.threshold !== null && probability < model.threshold;
  const where = sourceText(state);
  if (doubtful)
    return {
      big: "?",
      small: t("Probably not a digit. If it must be one: {digit}, {chance}.", {
        digit,
        chance: chance(probability),
      }),
    };
  const label =
    source.label === undefined
      ? ""
      : source.label === digit
        ? t(", labelled so")
        : t(", labelled {label}", { label: source.label });
  return {
    big: String(digit),
    small: `${t("{chance} sure", { chance: chance(probability) })} · ${where}${label}`,
  };
}
