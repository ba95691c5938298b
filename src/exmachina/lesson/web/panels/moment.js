/** Under the bar, while the page shows a network as it was: at which step, and the way back to the trained one. */

import * as api from "../api.js";
import { h } from "../marks/dom.js";
import { store, useRun } from "../state.js";
import { t } from "../texts.js";
import { isLive } from "../training.js";

/** @param {HTMLElement} bar */
export function mount(bar) {
  const text = h("span", {});
  const back = h("button", { type: "button", onclick: goBack }, t("Back to the trained network"));
  const note = h("div", { class: "moment", role: "status", hidden: true }, text, back);
  bar.append(note);

  store.watch(["model", "moment", "training"], ({ model, moment, training }) => {
    note.hidden = !moment || !model || isLive(training);
    if (moment && model)
      text.textContent = t("The network as it was at step {step}.", { step: moment.step });
  });
}

/** To what the training has ended with; if it was stopped, to the network that came with the page. */
function goBack() {
  const { moment } = store.get();
  const known = api.runs();
  const run = known.find(({ id }) => id === moment?.training) ?? known[0];
  useRun(run.id).catch((error) => store.set({ error: error.message }));
}
