/**
 * What panels share: rendering only while in sight, and a few small controls.
 */

import { h, uniqueId } from "../marks/dom.js";
import { plain } from "../marks/format.js";
import { sheet } from "../marks/sheet.js";
import { setStrokes, store } from "../state.js";

/**
 * Call `render` when one of `keys` has changed, but only while `root` is on the screen or near it.
 * @param {Element} root
 * @param {(keyof import("../state.js").State)[]} keys
 * @param {(state: import("../state.js").State) => void} render
 */
export function whileVisible(root, keys, render) {
  let visible = false;
  let stale = true;
  const observer = new IntersectionObserver(
    (entries) => {
      visible = entries[entries.length - 1].isIntersecting;
      if (visible && stale) {
        stale = false;
        render(store.get());
      }
    },
    { rootMargin: "200px" },
  );
  observer.observe(root);
  // Drawn for the first time before it comes into sight, so that nothing moves under the reader's eyes.
  const first = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      first.disconnect();
      if (!stale) return;
      stale = false;
      render(store.get());
    },
    { rootMargin: "1600px" },
  );
  first.observe(root);
  window.addEventListener("beforeprint", () => {
    if (stale) render(store.get());
    stale = false;
  });
  store.watch(keys, (state) => {
    stale = !visible;
    if (visible) render(state);
  });
}

/**
 * One run at a time; asked again meanwhile, it runs once more when it is done.
 * @param {() => Promise<void>} run
 */
export function latest(run) {
  let running = false;
  let again = false;
  return async () => {
    again = true;
    if (running) return;
    running = true;
    try {
      while (again) {
        again = false;
        await run();
      }
    } finally {
      running = false;
    }
  };
}

/**
 * A labelled slider with its value beside it.
 * @param {{label: string, min: number, max: number, step?: number, value: number, format?: (v: number) => string,
 *   oninput: (value: number) => void}} options
 */
export function slider({ label, min, max, step = 1, value, format = plain, oninput }) {
  const id = uniqueId("slider");
  const output = h("output", { for: id }, format(value));
  const input = h("input", {
    id,
    type: "range",
    min: String(min),
    max: String(max),
    step: String(step),
  });
  input.value = String(value);
  input.setAttribute("aria-valuetext", format(value));
  input.addEventListener("input", () => show(Number(input.value), true));
  /** @param {number} next @param {boolean} tell */
  function show(next, tell) {
    if (tell) oninput(next); // first, for the text may depend on what it changes
    output.textContent = format(next);
    input.setAttribute("aria-valuetext", format(next));
  }
  return {
    element: h("div", { class: "slider" }, h("label", { for: id }, label), input, output),
    input,
    /** @param {number} next */
    set(next) {
      input.value = String(next);
      show(next, false);
    },
  };
}

const DOUBT = 5000; // milliseconds in which a question can be answered

/**
 * A button for what cannot be undone: pressed, it asks in its own place, and pressed again it acts.
 * @param {string} text
 * @param {string} question
 * @param {() => void} act
 */
export function twice(text, question, act) {
  let timer = 0;
  const button = h("button", { type: "button", onclick: press }, text);
  function press() {
    const asked = timer !== 0;
    forget();
    if (asked) return act();
    button.textContent = question;
    timer = window.setTimeout(forget, DOUBT);
  }
  function forget() {
    clearTimeout(timer);
    timer = 0;
    button.textContent = text;
  }
  return button;
}

/**
 * Buttons of which one is pressed.
 * @template T
 * @param {string} label
 * @param {{value: T, text: string | Node, name?: string}[]} choices
 * @param {T} chosen
 * @param {(value: T) => void} onchoose
 */
export function segments(label, choices, chosen, onchoose) {
  const buttons = choices.map(({ value, text, name }) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": String(value === chosen),
        "aria-label": name,
        onclick: (/** @type {Event} */ event) => {
          for (const button of buttons)
            button.setAttribute("aria-pressed", String(button === event.currentTarget));
          onchoose(value);
        },
      },
      text,
    ),
  );
  return h("div", { class: "segments", role: "group", "aria-label": label }, buttons);
}

/**
 * The ten digits to choose from, after other choices.
 * @param {{value: number, text: string}[]} [before]
 * @param {(digit: number) => string | undefined} [name] what a digit's button is called, if not by the digit
 * @returns {{value: number, text: string, name?: string}[]}
 */
export const tenDigits = (before = [], name = () => undefined) => [
  ...before,
  ...Array.from({ length: 10 }, (_, i) => ({ value: i, text: String(i), name: name(i) })),
];

/** Whether the reader asked for less motion. */
export const lessMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * A select box with its label.
 * @param {string} label
 * @param {{value: string, text: string}[]} options
 * @param {string} value
 * @param {(value: string) => void} onchange
 */
export function select(label, options, value, onchange) {
  const id = uniqueId("select");
  const box = h(
    "select",
    { id, onchange: () => onchange(box.value) },
    options.map((o) => h("option", { value: o.value }, o.text)),
  );
  box.value = value;
  return h("div", { class: "select" }, h("label", { for: id }, label), box);
}

/** A sheet for the drawing that all panels share. */
export const sharedSheet = () =>
  sheet({
    strokes: () => store.get().strokes,
    pen: () => store.get().pen,
    onstrokes: (strokes) => setStrokes(strokes),
  });

/** @param {string} text */
export const bytesFromBase64 = (text) =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/**
 * Cells that arrow keys can move through, for a map that the pointer can point into.
 * @param {KeyboardEvent} event
 * @returns {[number, number] | null} rows and columns to move
 */
export function arrow(event) {
  /** @type {Record<string, [number, number]>} */
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return null;
  event.preventDefault();
  return moves[event.key];
}

/**
 * One tab stop for a grid of buttons: arrow keys, Home and End move among them.
 * @param {HTMLElement} grid its buttons may change
 */
export function roving(grid) {
  const buttons = () => [...grid.querySelectorAll("button")];
  /** @param {Element} [stop] */
  const setStop = (stop = grid.querySelector("[aria-pressed=true]") ?? buttons()[0]) => {
    for (const button of buttons()) button.tabIndex = button === stop ? 0 : -1;
  };
  new MutationObserver(() => setStop()).observe(grid, { childList: true });
  grid.addEventListener("focusin", ({ target }) => setStop(/** @type {Element} */ (target)));
  grid.addEventListener("keydown", (event) => {
    const all = buttons();
    const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const inRow = all.filter(({ offsetTop }) => offsetTop === all[0]?.offsetTop).length;
    const ends = /** @type {Record<string, number>} */ ({ Home: 0, End: all.length - 1 });
    const move = event.key in ends ? null : arrow(event);
    if (at < 0 || (!move && !(event.key in ends))) return;
    event.preventDefault();
    all[move ? at + move[0] * inRow + move[1] : ends[event.key]]?.focus();
  });
  setStop();
}
