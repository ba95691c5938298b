/**
 * Links within the page arrive where they point. Figures are filled when they come near, so what lies around a chapter
 * still grows after a jump; until the reader moves, the chapter is kept in its place.
 */

import { unfold } from "./folds.js";

const SETTLED = 5000; // milliseconds after which nothing grows any more
const MOVES = ["wheel", "touchmove", "pointerdown", "keydown"];

/** Every beat can be linked to, by the name of its figure: `#see-neuron`. */
export function nameBeats() {
  for (const panel of /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll(".beat [data-panel]")
  )) {
    const beat = /** @type {HTMLElement} */ (panel.closest(".beat"));
    beat.id ||= (panel.dataset.panel ?? "").replace("/", "-");
  }
}

/** Take care of every link to a part of the page, of the address on arrival, and of going back. */
export function followLinks() {
  document.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest("a[href^='#']");
    const target = link && part(link.getAttribute("href") ?? "");
    if (!target || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey)
      return;
    event.preventDefault();
    if (location.hash !== `#${target.id}`) history.pushState(null, "", `#${target.id}`);
    arrive(target);
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
  });
  addEventListener("popstate", () => arrive(part(location.hash)));
  arrive(part(location.hash));
}

/** @param {string} hash @returns {HTMLElement | null} */
const part = (hash) =>
  hash.length > 1 ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;

/** Go to a part of the page and stay with it. @param {HTMLElement | null} target */
function arrive(target) {
  leave();
  if (!target) return;
  unfold(target);
  const align = () => target.scrollIntoView({ behavior: "instant", block: "start" });
  const growing = new ResizeObserver(align);
  growing.observe(/** @type {Element} */ (document.querySelector("main")));
  const timer = setTimeout(() => leave(), SETTLED);
  const stop = () => {
    growing.disconnect();
    clearTimeout(timer);
    for (const move of MOVES) removeEventListener(move, stop);
  };
  for (const move of MOVES) addEventListener(move, stop, { passive: true });
  leave = stop;
  align();
}

/** Let go of the part that is kept in place. */
let leave = () => {};
