/**
 * What the network reads in the current image.
 */

import { answerOf, reading } from "../marks/reading.js";
import { judge } from "../network/rejector.js";
import { sourceText } from "../state.js";
import { t } from "../texts.js";
import { whileVisible } from "./shared.js";

/** @param {HTMLElement} root */
export function mount(root) {
  const { elements, show } = reading();
  root.classList.add("reading");
  root.append(...elements);
  whileVisible(root, ["result", "image", "source", "model"], (state) =>
    show(state.image, state.result?.probabilities ?? null, answer(state)),
  );
}

/**
 * The answer in words, and where the image comes from.
 * @param {import("../state.js").State} state
 */
export function answer(state) {
  const { image, result, model, source } = state;
  if (!model) return { big: "–", small: t("The network is on its way.") };
  const seen = image ? result : null;
  const verdict = seen && judge(model, seen);
  return answerOf(verdict, seen?.probabilities ?? null, (digit) => {
    const where = sourceText(state);
    if (source.label === undefined) return where;
    const label =
      source.label === digit
        ? t(", labelled so")
        : t(", labelled {label}", { label: source.label });
    return `${where}${label}`;
  });
}
