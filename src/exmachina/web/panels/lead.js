/** Train: pause, one step, go on and stop, for a training that the server carries out. */

import * as api from "../api.js";
import { h } from "../marks/dom.js";
import { store } from "../state.js";
import { isLive } from "../training.js";

/** Buttons for the training on show; a copy of the page without a server has none. */
export function leading() {
  const pause = h("button", { type: "button", onclick: () => ask(paused() ? "resume" : "pause") }, "Pause");
  const step = h("button", { type: "button", onclick: () => ask("step") }, "One step");
  const stop = h("button", { type: "button", onclick: () => ask("stop") }, "Stop");
  const note = h("p", { class: "note", role: "status" });
  const buttons = h("div", { class: "leading", role: "group", "aria-label": "This training", hidden: true }, pause, step, stop);
  let asked = ""; // what the server has not done yet
  let refused = "";

  const paused = () => store.get().training?.status === "paused";

  /** @param {"pause" | "resume" | "step" | "stop"} command */
  async function ask(command) {
    const { training } = store.get();
    // A button that is switched off while it has the focus would lose it, so these two only look the part.
    if (!training || asked === "stop" || (asked && command !== "step" && command !== "stop")) return;
    refused = "";
    if (command !== "step") asked = command;
    render(training);
    try {
      await api.leadTraining(training.id, command);
    } catch (error) {
      asked = "";
      refused = error instanceof Error ? error.message : String(error);
      render(store.get().training);
    }
  }

  /** @param {import("../training.js").Training | null} training */
  function render(training) {
    const live = isLive(training) && !api.isStatic();
    if (!live || (asked === "pause" && paused()) || (asked === "resume" && !paused())) asked = "";
    if (!live) refused = "";
    buttons.hidden = !live;
    pause.textContent = asked === "pause" ? "Pausing …" : paused() ? "Go on" : "Pause";
    pause.disabled = step.disabled = training?.status === "waiting";
    pause.setAttribute("aria-disabled", String(pause.disabled || asked !== ""));
    step.setAttribute("aria-disabled", String(step.disabled || asked === "stop"));
    stop.setAttribute("aria-disabled", String(asked === "stop"));
    const text = live && training && training.status !== "waiting" ? refused || training.message : "";
    if (note.textContent !== text) note.textContent = text;
  }

  return { buttons, note, render };
}
