/** Look: the digit large; under the pointer or the arrow keys, its numbers. */

import { h } from "../../marks/dom.js";
import { DIGIT, digitImage, paint } from "../../marks/heatmap.js";
import { legend } from "../../marks/legend.js";
import { matrix } from "../../marks/matrix.js";
import { cellAt, framed, outline } from "../../marks/overlay.js";
import { sourceText } from "../../state.js";
import { arrow, whileVisible } from "../shared.js";
import { t } from "../../texts.js";

const SIDE = 7; // of the window that is written out

/** @param {HTMLElement} root */
export function mount(root) {
  let at = { y: 12, x: 12 };
  /** @type {ArrayLike<number>} */
  let pixels = new Uint8Array(784);
  const canvas = digitImage(pixels);
  const frame = framed(canvas, "large");
  const numbers = h("div", { class: "numbers" });
  const where = h("p", { class: "note", role: "status" });
  root.classList.add("side-by-side");
  root.append(
    h("div", {}, frame, legend("pixel", 255, { high: "255" })),
    h("div", {}, numbers, where),
  );

  frame.tabIndex = 0;
  frame.setAttribute("role", "application");
  frame.setAttribute("aria-label", t("The digit, pixel by pixel. Arrow keys move the window."));
  frame.addEventListener("pointermove", (event) => moveTo(cellAt(canvas, event)));
  frame.addEventListener("pointerdown", (event) => moveTo(cellAt(canvas, event)));
  frame.addEventListener("keydown", (event) => {
    const step = arrow(event);
    if (step) moveTo({ y: at.y + step[0], x: at.x + step[1] });
  });

  /** @param {{y: number, x: number}} next */
  function moveTo(next) {
    const inside = (/** @type {number} */ v) => Math.max(0, Math.min(27, v));
    at = { y: inside(next.y), x: inside(next.x) };
    show();
  }

  function show() {
    const corner = (/** @type {number} */ v) => Math.max(0, Math.min(28 - SIDE, v - 3));
    const [top, left] = [corner(at.y), corner(at.x)];
    const window = Array.from(
      { length: SIDE * SIDE },
      (_, i) => pixels[(top + Math.floor(i / SIDE)) * 28 + left + (i % SIDE)],
    );
    outline(frame, { top, left, bottom: top + SIDE - 1, right: left + SIDE - 1 });
    const strong = [(at.y - top) * SIDE + (at.x - left)];
    numbers.replaceChildren(
      matrix(window, SIDE, {
        scale: "pixel",
        max: 255,
        decimals: 0,
        label: t("Pixel values around row {y}, column {x}", { y: at.y, x: at.x }),
        strong,
      }),
    );
    where.textContent = t("Row {y}, column {x}: {value}", {
      y: at.y,
      x: at.x,
      value: pixels[at.y * 28 + at.x],
    });
  }

  whileVisible(root, ["image", "source", "theme"], (state) => {
    pixels = state.image ?? new Uint8Array(784);
    paint(canvas, pixels, {
      ...DIGIT,
      label: t("{what}, enlarged", { what: sourceText(state) }),
    });
    show();
  });
}
