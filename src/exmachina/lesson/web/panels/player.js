/**
 * Play, pause, step and speed for anything that advances in steps: the kernel that slides, the training replayed.
 */

import { h } from "../marks/dom.js";
import { plain } from "../marks/format.js";
import { lessMotion, slider } from "./shared.js";
import { t } from "../texts.js";

/**
 * @param {{count: () => number, speeds?: [number, number, number], onstep: (at: number) => void, label: string}} options
 *   `speeds`: fewest, most and first steps per second
 */
export function player({ count, speeds = [1, 60, 8], onstep, label }) {
  let at = 0;
  let timer = 0;
  let speed = speeds[2];
  /** @type {(value: number) => string} */
  let written = plain; // what is beside the scrubber
  const play = h(
    "button",
    { type: "button", onclick: () => (timer ? pause() : start()) },
    t("Play"),
  );
  const back = h(
    "button",
    { type: "button", "aria-label": t("One step back"), onclick: () => step(-1) },
    "‹",
  );
  const forth = h(
    "button",
    { type: "button", "aria-label": t("One step forward"), onclick: () => step(1) },
    "›",
  );
  const scrub = slider({
    label,
    min: 0,
    max: 1,
    value: 0,
    format: (v) => written(v),
    oninput: (v) => {
      pause();
      go(v);
    },
  });
  const pace = slider({
    label: t("Speed"),
    min: speeds[0],
    max: speeds[1],
    value: speed,
    format: (v) => t("{n}/s", { n: v }),
    oninput: (v) => {
      speed = v;
      if (timer) {
        pause();
        start();
      }
    },
  });
  scrub.element.classList.add("scrub");

  function start() {
    if (at >= count() - 1) go(0);
    play.textContent = t("Pause");
    timer = window.setInterval(() => (at < count() - 1 ? go(at + 1) : pause()), 1000 / speed);
  }
  function pause() {
    clearInterval(timer);
    timer = 0;
    play.textContent = t("Play");
  }
  /** @param {number} by */
  function step(by) {
    pause();
    go(at + by);
  }
  /** @param {number} next @param {boolean} [quietly] without telling */
  function go(next, quietly = false) {
    at = Math.max(0, Math.min(count() - 1, next));
    scrub.set(at);
    if (!quietly) onstep(at);
  }
  return {
    element: h("div", { class: "controls player" }, back, play, forth, scrub.element, pace.element),
    go,
    pause,
    play: () => !lessMotion() && !timer && start(),
    at: () => at,
    /** The number of steps has changed. */
    resize() {
      scrub.input.max = String(Math.max(0, count() - 1));
      if (at > count() - 1) go(count() - 1);
      else scrub.set(at);
    },
    /** @param {(value: number) => string} text what to write beside the scrubber */
    describe(text) {
      written = text;
      scrub.set(at);
    },
  };
}
