/**
 * Questions: the answer appears once the reader has guessed, and the first guess counts and is kept. The questions
 * themselves are in index.html: `<form class="guess" data-right="b">` with radio buttons and a hidden `.answer`; one
 * that its figure would answer has `data-covers`, and the figure is covered until then.
 */

import { guessed } from "../guesses.js";
import { h } from "../marks/dom.js";
import { store } from "../state.js";
import { t } from "../texts.js";

export function mount() {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (
    document.querySelectorAll("form.guess")
  )) {
    mountForm(form);
    if (form.hasAttribute("data-covers")) cover(form);
  }
}

/** @param {HTMLFormElement} form */
function mountForm(form) {
  const inputs = [...form.querySelectorAll("input")];
  const answer = /** @type {HTMLElement} */ (form.querySelector(".answer"));
  const verdict = h("p", { class: "verdict" });
  answer.prepend(verdict);
  answer.setAttribute("aria-live", "polite");
  form.addEventListener("submit", (event) => event.preventDefault());
  const { name } = inputs[0];
  form.id = `question-${name}`;

  /** Arrow keys go through the choices without choosing; Enter, the space bar or moving on does. */
  let browsing = false;
  form.addEventListener("keydown", ({ key }) => {
    browsing = key.startsWith("Arrow");
    if (key === "Enter" || key === " ") commit();
  });
  form.addEventListener("pointerdown", () => (browsing = false));
  form.addEventListener("change", () => browsing || commit());
  form.addEventListener("focusout", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && form.contains(relatedTarget))) commit();
  });

  function commit() {
    const chosen = inputs.find((input) => input.checked);
    if (chosen) store.set({ answers: guessed(store.get().answers, name, chosen.value) });
  }

  store.watch(["answers"], ({ answers }) => {
    const value = answers[name];
    const right = form.dataset.right;
    for (const input of inputs) {
      input.checked =
        value === undefined
          ? input.checked && !form.hasAttribute("data-answered")
          : input.value === value;
      input.disabled = value !== undefined && !input.checked;
      const shown = value !== undefined && (input.value === right || input.checked);
      input.parentElement?.setAttribute(
        "data-verdict",
        shown ? (input.value === right ? "right" : "wrong") : "",
      );
    }
    form.toggleAttribute("data-answered", value !== undefined);
    answer.hidden = value === undefined;
    verdict.textContent =
      value === undefined ? "" : value === right ? t("That is it.") : t("A fair guess, but no.");
  });
}

/** Cover the figure beside a question that it would answer. @param {HTMLFormElement} form */
function cover(form) {
  const stage = /** @type {HTMLElement} */ (form.closest(".beat")?.querySelector(".stage"));
  const figure = /** @type {HTMLElement} */ (stage.querySelector("[data-panel]"));
  const note = h(
    "p",
    { class: "cover" },
    t("Guess first. The picture that answers it is behind this."),
  );
  stage.append(note);
  const { name } = /** @type {HTMLInputElement} */ (form.querySelector("input"));
  store.watch(["answers"], ({ answers }) => {
    const covered = !(name in answers);
    figure.inert = covered;
    note.hidden = !covered;
    stage.toggleAttribute("data-covered", covered);
  });
}
