/**
 * Questions: the answer appears once the reader has guessed. The questions themselves are in index.html:
 * `<form class="guess" data-right="b">` with radio buttons and a hidden `.answer`.
 */

import { t } from "../texts.js";

export function mount() {
  for (const form of document.querySelectorAll("form.guess")) {
    const answer = /** @type {HTMLElement} */ (form.querySelector(".answer"));
    const verdict = document.createElement("p");
    verdict.className = "verdict";
    answer.prepend(verdict);
    answer.setAttribute("aria-live", "polite");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => {
      const { value } = /** @type {HTMLInputElement} */ (event.target);
      const right = /** @type {HTMLElement} */ (form).dataset.right;
      verdict.textContent = !right
        ? ""
        : value === right
          ? t("That is it.")
          : t("A fair guess, but no.");
      answer.hidden = false;
    });
  }
}
