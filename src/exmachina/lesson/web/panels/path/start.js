/** The first screen: the two ways through the page, or none. */

import { h } from "../../marks/dom.js";
import { plain } from "../../marks/format.js";
import { begin, progress, routes } from "../../routes.js";
import { allOpen, openAll } from "../../folds.js";
import { store } from "../../state.js";
import { t } from "../../texts.js";

/** @param {HTMLElement} root */
export function mount(root) {
  const all = routes();
  const buttons = Object.entries(all).map(([name, { minutes, name: title }], i) => {
    const button = h(
      "button",
      {
        type: "button",
        class: i === 0 ? "primary" : "",
        onclick: () => store.set({ path: begin(store.get().path, name) }),
      },
      h("span", {}, title),
      h("span", { class: "minutes" }, t("{n} min", { n: plain(minutes) })),
    );
    return { name, button };
  });
  const note = h("p", { class: "note", role: "status" });
  const unfold = h(
    "button",
    {
      type: "button",
      class: "quiet open-all",
      "aria-pressed": String(allOpen()),
      onclick: () => {
        openAll(!allOpen());
        unfold.setAttribute("aria-pressed", String(allOpen()));
      },
    },
    t("Open every part at once"),
  );
  root.append(
    h(
      "div",
      { class: "controls" },
      buttons.map(({ button }) => button),
    ),
    note,
    unfold,
  );
  store.watch(["path"], ({ path }) => {
    for (const { name, button } of buttons)
      button.setAttribute("aria-pressed", String(path.route === name));
    const route = all[path.route];
    const next = route && progress(route, path).next;
    note.textContent = !route
      ? t("Or go your own way: any part, in any order.")
      : next
        ? t("What comes next stands at the foot of the window.")
        : t("You have been everywhere on this way.");
  });
}
