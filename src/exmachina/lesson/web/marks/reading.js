/**
 * What a network reads in an image: the image it sees, its answer in words, and ten bars.
 *
 * @typedef {{big: string, small: string}} Answer
 * @typedef {import("../network/rejector.js").Verdict} Verdict
 */

import { argmax } from "../network/forward.js";
import { t } from "../texts.js";
import { bars, setBars } from "./bars.js";
import { h } from "./dom.js";
import { chance, percent } from "./format.js";
import { DIGIT, digitImage, paint } from "./heatmap.js";

const EMPTY = new Uint8Array(784);

/** A place for it, and what fills it, again and again. */
export function reading() {
  const picture = digitImage(EMPTY);
  const [big, small] = [document.createTextNode(""), h("small", {})];
  const list = bars(new Float32Array(10), { max: 1, label: t("Probability of each digit") });

  /**
   * @param {ArrayLike<number> | null} image 784 bytes
   * @param {Float32Array | null} probabilities
   * @param {Answer} answer
   */
  function show(image, probabilities, answer) {
    const label = image ? t("What the network sees, 28 by 28 pixels") : t("Nothing yet");
    paint(picture, image ?? EMPTY, { ...DIGIT, label });
    if (big.data !== answer.big) big.data = answer.big;
    if (small.textContent !== answer.small) small.textContent = answer.small;
    setBars(list, probabilities ?? new Float32Array(10), {
      max: 1,
      strong: probabilities ? argmax(probabilities) : -1,
      format: (value) => (probabilities ? percent(value) : "–"),
    });
  }
  const elements = [
    h("div", { class: "seen" }, picture, h("span", {}, t("What the network sees"))),
    h("p", { class: "verdict", role: "status" }, big, small),
    list,
  ];
  return { elements, show };
}

/**
 * The answer in words; never a confident guess about an empty sheet.
 * @param {Verdict | null} verdict
 * @param {Float32Array | null} probabilities
 * @param {(digit: number) => string} [about] what else is known of the image
 * @returns {Answer}
 */
export function answerOf(verdict, probabilities, about = () => "") {
  if (!verdict || !probabilities)
    return { big: "–", small: t("Nothing is drawn yet, so there is nothing to read.") };
  const { digit, probability, second } = verdict;
  if (verdict.certainty === "no digit") {
    return {
      big: "?",
      small: t("Probably not a digit. If it must be one: {digit}, {chance}.", {
        digit,
        chance: chance(probability),
      }),
    };
  }
  if (verdict.certainty === "unsure") {
    const words = t("Not certain: {digit}, {chance}, or {second}, {other}", {
      digit,
      chance: chance(probability),
      second,
      other: chance(probabilities[second]),
    });
    return { big: `${digit}?`, small: [words, about(digit)].filter(Boolean).join(" · ") };
  }
  const sure = t("{chance} sure", { chance: chance(probability) });
  return { big: String(digit), small: [sure, about(digit)].filter(Boolean).join(" · ") };
}
