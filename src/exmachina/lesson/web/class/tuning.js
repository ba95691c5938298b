/** A network learns the class's hands, from half of the drawings; the other half says whether it did. */

import * as api from "../api.js";
import { h } from "../marks/dom.js";
import { percent, signed, whole } from "../marks/format.js";
import { intervals } from "../marks/intervals.js";
import { wilson } from "../network/statistics.js";
import { segments } from "../panels/shared.js";
import { store as page } from "../state.js";
import { finetune } from "../training.js";
import { t } from "../texts.js";
import { asDigits, split } from "./drawings.js";
import { serversRuns } from "./reading.js";

/** @param {HTMLElement} root @param {import("./main.js").Store} store */
export function mountTuning(root, store) {
  const runs = serversRuns();
  let chosen = runs[0]?.id ?? "";
  const halves = h("p", { class: "lead" });
  const outcome = h("div", { role: "status" });
  const go = h("button", { type: "button", class: "primary", onclick: train }, t("Learn them"));
  root.append(
    halves,
    h(
      "div",
      { class: "controls" },
      segments(
        t("Begin with"),
        runs.map(({ id, name }) => ({ value: id, text: name })),
        chosen,
        (id) => (chosen = id),
      ),
      go,
    ),
    outcome,
  );

  async function train() {
    const { learned, heldOut } = split(store.get().drawings);
    const name = runs.find(({ id }) => id === chosen)?.name ?? chosen;
    store.set({ tuning: true });
    outcome.replaceChildren(h("p", {}, t("Fetching what it needs …")));
    try {
      const { network, weights } = await api.loadRun(chosen);
      const [mine, judged] = [asDigits(learned), asDigits(heldOut)];
      const training = await finetune(
        { network, weights, mine, judged, name },
        t("the class's hands"),
      );
      if (training.status !== "done") throw new Error(training.message || t("Stopped."));
      outcome.replaceChildren(...result(training, name, heldOut.length));
    } catch (error) {
      outcome.textContent = error instanceof Error ? error.message : String(error);
    }
    store.set({ tuning: false });
  }

  page.watch(["training"], ({ training }) => {
    if (!store.get().tuning || !training) return;
    const { points, steps, message } = training;
    const text = points.length
      ? t("Step {step} of {steps}", { step: points.length, steps })
      : message || t("Fetching what it needs …");
    outcome.replaceChildren(h("p", {}, text));
  });
  store.watch(["drawings", "tuning"], ({ drawings, tuning }) => {
    const { learned, heldOut } = split(drawings);
    const few = learned.length === 0 || heldOut.length === 0;
    go.disabled = tuning || few;
    halves.textContent = few
      ? t("Two different drawings of one digit are needed: one to learn, one to judge by.")
      : t(
          "It learns {learned} of the drawings, mixed with MNIST's, and is judged by the other {heldOut}, which it never sees. The hands are the same, the drawings are not.",
          { learned: whole(learned.length), heldOut: whole(heldOut.length) },
        );
  });
}

/** @param {import("../training.js").Training} training @param {string} name @param {number} n drawings held out */
function result({ end, id }, name, n) {
  const row = (
    /** @type {string} */ when,
    /** @type {string} */ of,
    /** @type {number} */ value,
    /** @type {number} */ count,
  ) => {
    const [low, high] = wilson(Math.round(value * count), count);
    return { name: when, of, value, low, high, n: count };
  };
  const [before, after] = [t("{name} before", { name }), t("{name} after", { name })];
  const [ours, theirs] = [t("the class, held out"), t("MNIST's test digits")];
  const rows = [
    row(before, ours, end.before.collection, n),
    row(after, ours, end.after.collection, n),
    row(before, theirs, end.before.test, 10_000),
    row(after, theirs, end.after.test, 10_000),
  ];
  const change = (/** @type {string} */ key) => signed(100 * (end.after[key] - end.before[key]), 2);
  return [
    h(
      "div",
      { class: "scroll" },
      intervals(rows, { label: t("Before and after learning the class's hands") }),
    ),
    h(
      "p",
      { class: "fact" },
      t("{ours} percentage points on the class, {theirs} on MNIST.", {
        ours: change("collection"),
        theirs: change("test"),
      }),
      " ",
      n < 100
        ? t("Of so few drawings one alone is {share}: look at the intervals.", {
            share: percent(1 / n, 1),
          })
        : "",
    ),
    h(
      "p",
      {},
      h("a", { href: `./?run=${encodeURIComponent(id)}` }, t("Open it in the lesson")),
      h("span", { class: "note" }, " ", t("It is kept in this browser.")),
    ),
  ];
}
