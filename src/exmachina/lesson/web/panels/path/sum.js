/** The end: what was done, how many guesses were right and which were not, and a way to begin again. */

import { exercises } from "../../exercises.js";
import { questions, score } from "../../guesses.js";
import { h } from "../../marks/dom.js";
import { percent, plain } from "../../marks/format.js";
import { progress, routes } from "../../routes.js";
import { store } from "../../state.js";
import { t } from "../../texts.js";
import { forgetWay } from "../../way.js";
import { twice } from "../shared.js";

/** @param {HTMLElement} root */
export function mount(root) {
  const lines = h("ul", { class: "summary" });
  const title = h("h3", {});
  const stops = h("ol", { class: "stops" });
  const again = twice(t("Begin again"), t("Forget your way, guesses and exercises?"), forgetWay);
  root.append(
    h("div", { role: "status" }, lines),
    title,
    stops,
    h("div", { class: "controls" }, again),
    h("p", { class: "note" }, t("Drawings and trainings stay where they are.")),
  );
  store.watch(["path", "answers", "solved", "finished"], (state) => {
    lines.replaceChildren(
      ...[guesses(state), training(state), solved(state)].map((line) => h("li", {}, line)),
    );
    const route = routes()[state.path.route];
    title.hidden = !route;
    title.textContent = route ? headline(route, state) : "";
    stops.replaceChildren(...(route?.stops ?? []).map((stop) => item(stop, state)));
  });
}

/** @typedef {import("../../state.js").State} State */

/** @param {State} state */
function guesses({ answers }) {
  const { answered, right, surprising } = score(questions(), answers);
  if (answered === 0) return t("No question answered yet.");
  const text = t("{right} of {n} guessed right.", { right, n: answered });
  if (surprising.length === 0) return text;
  return h(
    "span",
    {},
    `${text} ${t("The surprising ones:")}`,
    h(
      "ul",
      {},
      surprising.map(({ name, text }) => h("li", {}, h("a", { href: `#question-${name}` }, text))),
    ),
  );
}

/** @param {State} state */
function training({ finished }) {
  const known = finished.filter(({ testAccuracy }) => testAccuracy !== null);
  if (known.length === 0) return t("Nothing trained yet.");
  const best = Math.max(...known.map(({ testAccuracy }) => Number(testAccuracy)));
  return t("The best network that you trained here reads {percent} of 10,000 test digits.", {
    percent: percent(best, 2),
  });
}

/** @param {State} state */
const solved = ({ solved }) => {
  const all = exercises();
  const done = all.filter(({ id }) => id in solved).length;
  return t("{done} of {all} exercises solved.", { done, all: all.length });
};

/** @param {import("../../routes.js").Route} route @param {State} state */
function headline(route, { path }) {
  const { done, all } = progress(route, path);
  return t("{name}: {done} of {all} stops", { name: route.name, done, all });
}

/** @param {import("../../routes.js").Stop} stop @param {State} state */
function item({ id, at, text, minutes }, { path }) {
  const done = path.deeds.includes(id);
  return h(
    "li",
    { class: done ? "done" : "" },
    h("span", { "aria-hidden": "true" }, done ? "✓" : "·"),
    h(
      "span",
      {},
      h("a", { href: `#${at}` }, text),
      h("span", { class: "unseen" }, done ? t("done") : t("still to do")),
    ),
    h("span", { class: "minutes" }, t("{n} min", { n: plain(minutes) })),
  );
}
