/**
 * What a small screen folds. The parts of a chapter show their titles, as its contents, and one part is open at a time,
 * unless the reader wants all of them; asides fold to their title within it. Paper shows everything.
 */

import { h } from "./marks/dom.js";
import { keep, recall } from "./kept.js";

// a phone, upright or held sideways
const narrow = matchMedia("(max-width: 620px), (max-width: 950px) and (max-height: 500px)");

/** @type {HTMLElement[]} every part that has a title */
let parts = [];
/** @type {HTMLElement | null} */
let opened = null;
let { all } = recall("folds", { all: false });

/** Fold asides and parts now, and whenever the screen becomes small or large. */
export function foldWhatFits() {
  parts = [...document.querySelectorAll(".chapter > .beat:has(> .prose > h3)")].map(
    (part) => /** @type {HTMLElement} */ (part),
  );
  const asides = [...document.querySelectorAll("aside.slip")].map((slip) => {
    const [title, ...text] = slip.children;
    const details = h("details", {}, h("summary", {}, title), ...text);
    slip.replaceChildren(details);
    return details;
  });
  const fold = () => {
    for (const details of asides) details.open = !narrow.matches;
    for (const part of parts) makeTitle(part);
    render();
  };
  fold();
  narrow.addEventListener("change", fold);
  addEventListener("beforeprint", () => {
    for (const details of asides) details.open = true;
    for (const part of parts) part.classList.remove("folded");
  });
  addEventListener("afterprint", fold);
}

/** Whether every part is to be open. */
export const allOpen = () => all;

/** @param {boolean} wanted */
export function openAll(wanted) {
  all = wanted;
  keep("folds", { all });
  render();
}

/** Open the part that `target` is in; a chapter opens its first, unless one of its own is open. @param {Element} target */
export function unfold(target) {
  const own = parts.filter((part) => part.contains(target) || target.contains(part));
  if (own.length === 0 || own.includes(/** @type {HTMLElement} */ (opened))) return;
  opened = own[0];
  render();
}

/** A folded part's title is a button. @param {HTMLElement} part */
function makeTitle(part) {
  const title = /** @type {HTMLElement} */ (part.querySelector("h3"));
  const button = title.querySelector("button");
  if (narrow.matches && !button)
    title.append(
      h(
        "button",
        { type: "button", class: "fold", onclick: () => press(part) },
        ...title.childNodes,
      ),
    );
  else if (!narrow.matches) button?.replaceWith(...button.childNodes);
}

/** @param {HTMLElement} part */
function press(part) {
  const closes = opened === part;
  const before = part.getBoundingClientRect().top;
  opened = closes ? null : part;
  render();
  // What closes above must not carry it away from under the finger; then it goes where there is room to read it.
  scrollBy({ top: part.getBoundingClientRect().top - before, behavior: "instant" });
  if (closes) return;
  history.replaceState(null, "", `#${part.id}`);
  part.scrollIntoView();
}

function render() {
  for (const part of parts) {
    const open = !narrow.matches || all || part === opened;
    part.classList.toggle("folded", !open);
    const button = part.querySelector("h3 button");
    button?.setAttribute("aria-expanded", String(open));
    button?.toggleAttribute("disabled", all);
  }
}
