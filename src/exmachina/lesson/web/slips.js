/** Asides fold where they would fill a screen of their own; paper shows them whole. */

import { h } from "./marks/dom.js";

const NARROW = "(max-width: 620px)";

/** Every `<aside class="slip">` becomes a summary, its title, that opens. */
export function foldSlips() {
  const folded = [...document.querySelectorAll("aside.slip")].map((slip) => {
    const [title, ...text] = slip.children;
    const details = h("details", {}, h("summary", {}, title), ...text);
    slip.replaceChildren(details);
    return details;
  });
  const narrow = matchMedia(NARROW);
  const fold = () => {
    for (const details of folded) details.open = !narrow.matches;
  };
  fold();
  narrow.addEventListener("change", fold);
  addEventListener("beforeprint", () => {
    for (const details of folded) details.open = true;
  });
  addEventListener("afterprint", fold);
}
