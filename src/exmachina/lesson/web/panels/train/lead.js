/** Train: pause, one step, go on, stop, and how fast, for the training that is under way. */

import { h } from "../../marks/dom.js";
import { store } from "../../state.js";
import { lead } from "../../trainer.js";
import { isLive } from "../../training.js";
import { select } from "../shared.js";
import { t } from "../../texts.js";

const PACES = [
  { value: "0", text: t("as fast as it can") },
  { value: "30", text: t("30 steps a second") },
  { value: "6", text: t("6 steps a second") },
  { value: "1", text: t("a step a second") },
];

/** Buttons for the training on show. */
export function leading() {
  let pace = "0"; // kept from one training to the next
  const pause = h(
    "button",
    { type: "button", onclick: () => ask({ paused: !paused() }) },
    t("Pause"),
  );
  const step = h(
    "button",
    { type: "button", onclick: () => ask({ paused: true, steps: 1 }) },
    t("One step"),
  );
  const stop = h("button", { type: "button", onclick: () => ask({ stopped: true }) }, t("Stop"));
  const buttons = h(
    "div",
    { class: "leading", role: "group", "aria-label": t("This training"), hidden: true },
    pause,
    step,
    stop,
  );
  const speed = select(t("Speed"), PACES, pace, (value) => {
    pace = value;
    ask({ pace: Number(value) });
  });

  const paused = () => store.get().training?.status === "paused";

  /** @param {Parameters<typeof lead>[1]} wishes */
  function ask(wishes) {
    const { training } = store.get();
    if (training && isLive(training)) lead(training.id, wishes);
  }

  /** @param {import("../../training.js").Training | null} training */
  function render(training) {
    buttons.hidden = !isLive(training);
    pause.textContent = paused() ? t("Go on") : t("Pause");
    pause.disabled = step.disabled = training?.status === "waiting";
  }

  return { buttons, speed, render, pace: () => Number(pace) };
}
