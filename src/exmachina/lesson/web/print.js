/** Paper: dark ink whatever the screen shows, and every figure drawn, seen or not. */

import { store } from "./state.js";

/** Before the figures are made: they draw themselves after the colours have changed, in the order of listening. */
export function preparePaper() {
  let theme = "";
  window.addEventListener("beforeprint", () => {
    theme = store.get().theme;
    store.set({ theme: "light" });
    store.flush(); // no frame comes before the picture is taken
  });
  window.addEventListener("afterprint", () => store.set({ theme }));
}

const PATIENCE = 1000; // milliseconds: on a busy machine no moment may be idle, and paper would lack its figures

/**
 * Fill what nobody has scrolled to yet while there is nothing else to do, or no longer waits for that, one after another.
 * @param {HTMLElement[]} roots
 * @param {(root: HTMLElement) => Promise<void>} fill
 */
export async function fillWhenIdle(roots, fill) {
  const idle = () =>
    new Promise((resolve) =>
      "requestIdleCallback" in window
        ? requestIdleCallback(resolve, { timeout: PATIENCE })
        : setTimeout(resolve, 300),
    );
  for (const root of roots) {
    await idle();
    await fill(root);
  }
}
