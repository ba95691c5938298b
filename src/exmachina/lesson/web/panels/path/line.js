/** At the foot of the window while somebody follows a route: what comes next, how far they are; an exercise just solved. */

import { exercises } from "../../exercises.js";
import { h } from "../../marks/dom.js";
import { plain } from "../../marks/format.js";
import { begin, progress, routes, skip } from "../../routes.js";
import { store } from "../../state.js";
import { t } from "../../texts.js";

const SHOWN = 8000; // milliseconds that a solved exercise is told

export function mount() {
  const all = routes();
  const bar = h("span", { class: "fill" });
  const text = h("strong", { role: "status" });
  const where = h("span", { class: "where" });
  const go = h("a", { class: "button primary", href: "#draw" }, t("Go there"));
  const pass = h("button", { type: "button", class: "quiet", onclick: passOver }, t("Skip"));
  const end = h(
    "button",
    {
      type: "button",
      class: "quiet close",
      "aria-label": t("End this way through the page"),
      onclick: () => store.set({ path: begin(store.get().path, ""), justSolved: "" }),
    },
    "×",
  );
  const line = h(
    "aside",
    { class: "path-line", "aria-label": t("Your way through the page"), hidden: true },
    h("div", { class: "track", "aria-hidden": "true" }, bar),
    h("div", { class: "next" }, text, where, pass),
    h("div", { class: "tools" }, go, end),
  );
  document.body.append(line);

  function passOver() {
    const { path } = store.get();
    const { next } = progress(all[path.route], path);
    if (next) store.set({ path: skip(path, next.id) });
  }

  let timer = 0;
  store.watch(["path", "justSolved"], ({ path, justSolved }) => {
    const route = all[path.route];
    const solved = exercises().find(({ id }) => id === justSolved);
    line.hidden = !route && !solved;
    document.body.classList.toggle("on-the-way", !line.hidden);
    clearTimeout(timer);
    if (solved) {
      timer = window.setTimeout(() => store.set({ justSolved: "" }), SHOWN);
      text.textContent = t("Solved: {title}", { title: solved.title });
      where.textContent = "";
      return show("#exercises", t("See it"), false);
    }
    if (!route) return;
    const { done, all: stops, next, minutes } = progress(route, path);
    bar.style.width = `${(100 * done) / stops}%`;
    text.textContent = next ? next.text : t("That was the way. What do you take with you?");
    where.textContent = next
      ? t("{done} of {all} · {n} min left", { done, all: stops, n: plain(minutes) })
      : t("{done} of {all}", { done, all: stops });
    show(`#${next ? next.at : "end"}`, next ? t("Go there") : t("Sum up"), next !== null);
  });

  /** @param {string} href @param {string} label @param {boolean} skippable */
  function show(href, label, skippable) {
    go.href = href;
    go.textContent = label;
    pass.hidden = !skippable;
  }
}
