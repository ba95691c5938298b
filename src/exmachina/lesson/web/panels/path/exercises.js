/** Exercises: what to do, a hint, and whether it is solved; the page finds that out by itself. */

import { exercises } from "../../exercises.js";
import { h } from "../../marks/dom.js";
import { store } from "../../state.js";
import { t } from "../../texts.js";

/** @typedef {import("../../exercises.js").Exercise} Exercise */

/** @param {HTMLElement} root */
export function mount(root) {
  const all = exercises();
  const count = h("p", { class: "fact", role: "status" });
  const items = all.map(card);
  root.append(
    count,
    h(
      "ol",
      { class: "exercises" },
      items.map(({ element }) => element),
    ),
  );
  store.watch(["solved", "result"], (state) => {
    const done = all.filter(({ id }) => id in state.solved).length;
    count.textContent = t("{done} of {all} solved.", { done, all: all.length });
    for (const { show } of items) show(state);
  });
}

/** @param {Exercise} exercise */
function card(exercise) {
  const { id, title, text, hint, at, mine, check } = exercise;
  const proof = h("p", { class: "proof" });
  const vouch = h("button", { type: "button", onclick: claim }, mine ?? "");
  const element = h(
    "li",
    { class: "exercise", id: `exercise-${id}` },
    h("h3", {}, title),
    h("p", {}, text),
    h("details", {}, h("summary", {}, t("A hint")), h("p", { class: "note" }, hint)),
    proof,
    h(
      "div",
      { class: "controls" },
      vouch,
      h("a", { class: "button", href: `#${at}` }, t("Go there")),
    ),
  );

  /** The reader says what the page cannot know. */
  function claim() {
    const result = check(store.get());
    if (result) store.set({ solved: { ...store.get().solved, [id]: result }, justSolved: id });
  }

  /** @param {import("../../state.js").State} state */
  function show(state) {
    const solved = state.solved[id];
    element.classList.toggle("solved", Boolean(solved));
    vouch.hidden = !mine;
    vouch.disabled = !check(state);
    proof.hidden = !solved;
    if (!solved) return;
    const link = solved.drawing
      ? h("a", { href: `?drawing=${solved.drawing}#exercise-${id}` }, t("Link to this solution"))
      : "";
    proof.replaceChildren(h("strong", {}, t("✓ Solved.")), ` ${solved.text}. `, link);
  }
  return { element, show };
}
