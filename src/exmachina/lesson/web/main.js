/**
 * Hello Ex Machina, the page. It finds its data, restores what the address says, and fills each
 * `<div data-panel="name">` of index.html with panels/name.js.
 */

import * as api from "./api.js";
import { HostError } from "./host.js";
import { h } from "./marks/dom.js";
import { store } from "./state.js";
import { remember, restore } from "./url.js";
import { mount as mountBar } from "./panels/bar.js";
import { mount as mountMoment } from "./panels/moment.js";
import { mount as mountGuesses } from "./panels/guess.js";
import { mount as mountLine } from "./panels/path/line.js";
import { mount as mountStart } from "./panels/path/start.js";
import { followLinks, nameBeats } from "./arrive.js";
import { foldWhatFits } from "./folds.js";
import { fillWhenIdle, preparePaper } from "./print.js";
import { speak, t } from "./texts.js";
import { followWay, recallWay } from "./way.js";

async function start() {
  try {
    await speak(api.catalogue);
    recallWay();
    mountGuesses();
    nameBeats();
    await api.open();
  } catch (error) {
    return fail(error);
  }
  preparePaper();
  foldWhatFits();
  const bar = /** @type {HTMLElement} */ (document.querySelector(".bar"));
  mountBar(bar);
  mountMoment(bar);
  mountStart(/** @type {HTMLElement} */ (document.querySelector(".start")));
  mountLine();
  const ready = restore().catch(fail);
  followLinks();
  const fillTheRest = mountPanels();
  await ready;
  remember();
  followWay();
  document.documentElement.dataset.ready = "true";
  fillTheRest();
  navigator.serviceWorker?.register("offline.js").catch(() => {}); // where it may not be, the page needs its host
}

/**
 * The panels on the screen first, the others when they come near it. What is returned fills those that are left, in idle
 * moments: called when the first digit is read, for which it takes nothing from the network.
 */
function mountPanels() {
  /** @type {Set<HTMLElement>} */
  const filled = new Set();
  const roots = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-panel]")]);
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries)
        if (isIntersecting) mountPanel(/** @type {HTMLElement} */ (target));
    },
    { rootMargin: "1200px" },
  );
  for (const root of roots) near.observe(root);

  /** @param {HTMLElement} root */
  async function mountPanel(root) {
    near.unobserve(root);
    if (filled.has(root)) return;
    filled.add(root);
    try {
      const { mount } = await import(`./panels/${root.dataset.panel}.js`);
      await mount(root);
    } catch (error) {
      root.textContent = t("This figure cannot be shown: {why}", {
        why: String(error instanceof Error ? error.message : error),
      });
    }
  }
  return () => fillWhenIdle(roots, mountPanel); // paper shows everything, seen or not
}

/** @param {unknown} error */
function fail(error) {
  const why = error instanceof Error ? error.message : String(error);
  store.set({ error: t("The page cannot reach its data. {why}", { why }) });
}

/** Told on top of whatever is being read, until it is closed. */
store.watch(["error"], ({ error }) => {
  const place = /** @type {HTMLElement} */ (document.querySelector("#trouble"));
  const close = h("button", { type: "button", class: "quiet" }, "×");
  close.setAttribute("aria-label", t("Close this message"));
  close.onclick = () => store.set({ error: "" });
  place.hidden = !error;
  place.replaceChildren(...(error ? [h("span", {}, error), close] : []));
});

/** Whoever asks the host for something and has no place of their own to say that it did not come. */
addEventListener("unhandledrejection", (event) => {
  if (!(event.reason instanceof HostError)) return;
  event.preventDefault();
  store.set({ error: event.reason.message });
});

start();
