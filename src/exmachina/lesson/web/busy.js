/**
 * When the server says "busy, come back in n seconds" (503 with Retry-After, or 429 where the reader alone asks
 * for too much): a countdown that everybody who was refused shares, then another try. The reader can cut it short or give up.
 */

import { h } from "./marks/dom.js";
import { t } from "./texts.js";

const TRIES = 20;
const LONGEST = 30; // seconds

/**
 * How long to wait before another try; null if there should be none.
 * @param {{status: number, headers: {get: (name: string) => string | null}}} response
 * @param {number} attempt from 1; each wait is longer than the last
 */
export function secondsToWait({ status, headers }, attempt) {
  const wanted = headers.get("Retry-After");
  if ((status !== 503 && status !== 429) || wanted === null || attempt > TRIES) return null;
  const seconds = /^\d+$/.test(wanted.trim())
    ? Number(wanted)
    : (Date.parse(wanted) - Date.now()) / 1000;
  return Number.isNaN(seconds)
    ? null
    : Math.min(LONGEST, Math.max(1, Math.ceil(seconds)) * attempt);
}

/** @type {Promise<boolean> | null} */
let waiting = null;

/**
 * Wait for a turn; whoever comes during a countdown joins it.
 * @param {number} seconds
 * @param {string} reason what the server said
 * @returns {Promise<boolean>} whether to try again
 */
export function turn(seconds, reason) {
  waiting ??= countDown(seconds, reason).finally(() => (waiting = null));
  return waiting;
}

/** @param {number} seconds @param {string} reason @returns {Promise<boolean>} */
function countDown(seconds, reason) {
  parts ??= build();
  const { box, text, left, announcement, now, never } = parts;
  const end = performance.now() + 1000 * seconds;
  text.textContent = reason;
  // Said once; a number that changes every second is for the eye.
  setTimeout(
    () => (announcement.textContent = `${reason} ${t("Trying again in {n} s", { n: seconds })}`),
    50,
  );
  box.hidden = false;
  return new Promise((resolve) => {
    const tick = () => {
      const rest = Math.ceil((end - performance.now()) / 1000);
      left.textContent = t("Trying again in {n} s", { n: Math.max(rest, 0) });
      if (rest <= 0) done(true);
    };
    const timer = setInterval(tick, 200);
    /** @param {boolean} again */
    const done = (again) => {
      clearInterval(timer);
      announcement.textContent = again ? t("Trying again.") : "";
      hide();
      resolve(again);
    };
    now.onclick = () => done(true);
    never.onclick = () => done(false);
    tick();
  });
}

/** @type {ReturnType<typeof build> | null} */
let parts = null;
/** @type {HTMLElement | null} */
let cameFrom = null;

function build() {
  const text = h("p", {});
  const left = h("p", { class: "left", "aria-hidden": "true" });
  const now = h("button", { type: "button" }, t("Try now"));
  const never = h("button", { type: "button" }, t("Give up"));
  const box = h(
    "div",
    { class: "busy", role: "group", "aria-label": t("The server is busy"), hidden: true },
    text,
    left,
    h("div", { class: "controls" }, now, never),
  );
  box.addEventListener("focusin", ({ relatedTarget }) => {
    if (relatedTarget instanceof HTMLElement && !box.contains(relatedTarget))
      cameFrom = relatedTarget;
  });
  const announcement = h("p", { class: "unseen", role: "status" });
  document.body.append(announcement, box);
  return { box, text, left, announcement, now, never };
}

/** Put the box away; who was in it goes back to where they came from. */
function hide() {
  const box = /** @type {NonNullable<typeof parts>} */ (parts).box;
  if (box.contains(document.activeElement)) cameFrom?.focus();
  box.hidden = true;
}
