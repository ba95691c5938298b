/** Look: the average of each digit, and the pictures that differ from it most. */

import * as dataset from "../../dataset.js";
import { h } from "../../marks/dom.js";
import { whole } from "../../marks/format.js";
import { digitImage } from "../../marks/heatmap.js";
import { bytesFromBase64, roving } from "../shared.js";
import { thumbnail } from "./browse.js";
import { t } from "../../texts.js";

/** @param {HTMLElement} root */
export async function mount(root) {
  const summary = await dataset.summary();
  const means = bytesFromBase64(summary.train.mean_images);
  const choice = h("div", { class: "averages", role: "group", "aria-label": t("Average digits") });
  const strange = h("div", {});
  for (let digit = 0; digit < 10; digit++) {
    const mean = means.subarray(784 * digit, 784 * (digit + 1));
    choice.append(
      h(
        "button",
        {
          type: "button",
          class: "thumb",
          "aria-pressed": "false",
          "aria-label": t("The average {digit}", { digit }),
          onclick: () => show(digit),
        },
        digitImage(mean),
        h("span", {}, digit),
      ),
    );
  }
  roving(choice);
  whenAsked(root, async () => {
    root.append(choice, strange);
    await show(7);
  });

  /** @param {number} digit */
  async function show(digit) {
    [...choice.children].forEach((button, i) =>
      button.setAttribute("aria-pressed", String(i === digit)),
    );
    const odd = await dataset.digitsByIndex("train", summary.strangest[digit].slice(0, 4));
    strange.replaceChildren(
      h(
        "div",
        { class: "strangest" },
        h(
          "div",
          {},
          digitImage(
            means.subarray(784 * digit, 784 * (digit + 1)),
            t("The average {digit}", { digit }),
          ),
          h(
            "p",
            { class: "note" },
            t("The average of {n}", { n: whole(summary.train.counts[digit]) }),
          ),
        ),
        h(
          "div",
          {},
          h(
            "div",
            { class: "digits few" },
            odd.map((item) => thumbnail("train", item, t("No. {index}", { index: item.index }))),
          ),
          h(
            "p",
            { class: "note" },
            t(
              "The four strangest of the {digit}s. Take one and see whether the network can read it.",
              {
                digit,
              },
            ),
          ),
        ),
      ),
    );
  }
}

/**
 * The picture would give the answer away: wait until the reader has guessed, or wants to see it.
 * @param {HTMLElement} root
 * @param {() => void} reveal
 */
function whenAsked(root, reveal) {
  const guess = document.querySelector("input[name=average]")?.closest("form");
  const button = h("button", { type: "button" }, t("Lay them over each other"));
  const once = () => {
    if (!button.isConnected) return;
    button.remove();
    reveal();
  };
  root.append(button);
  button.addEventListener("click", once);
  guess?.addEventListener("change", once);
  window.addEventListener("beforeprint", once);
  if (guess?.querySelector(":checked")) once();
}
