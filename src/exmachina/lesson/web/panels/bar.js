/**
 * The bar on top: where the reader is, which digit and which network are looked at, light or dark.
 */

import * as api from "../api.js";
import { h } from "../marks/dom.js";
import { percent } from "../marks/format.js";
import { DIGIT, digitImage, paint, repaintAll } from "../marks/heatmap.js";
import { UNEDITED } from "../network/edit.js";
import { isOperated, operate, store, useRun } from "../state.js";
import { chooseLanguage, language, LANGUAGES, t } from "../texts.js";
import { answer } from "./reading.js";

const EMPTY = new Uint8Array(784);

/** @param {HTMLElement} bar */
export function mount(bar) {
  const tools = h("div", { class: "tools" });
  bar.append(tools);
  mountRunChoice(tools);
  mountDigit(tools);
  mountLanguage(tools);
  mountTheme(tools);
  followChapters(bar);
}

/** @param {HTMLElement} tools */
function mountRunChoice(tools) {
  const box = h("select", {
    "aria-label": t("Network in use"),
    onchange: () => useRun(box.value).catch((error) => store.set({ error: error.message })),
  });
  tools.append(box);
  const back = h(
    "button",
    {
      type: "button",
      class: "way-back",
      title: t("Back to the network as it was"),
      "aria-label": t("As it was: back to the network before it was edited"),
      onclick: () => operate(UNEDITED),
    },
    h("span", { "aria-hidden": "true" }, "↺"),
    h("span", { class: "words" }, t("As it was")),
  );
  tools.append(back);
  store.watch(["model", "moment", "training", "operation"], (state) => {
    const { model, moment } = state;
    const edited = isOperated(state);
    back.hidden = !edited;
    const options = api
      .runs()
      .map(({ id, name, test_accuracy }) =>
        h("option", { value: id }, test_accuracy ? `${name} · ${percent(test_accuracy)}` : name),
      );
    if (model && edited)
      options.unshift(h("option", { value: "" }, t("edited: {name}", { name: nameOf(state) })));
    else if (model && moment)
      options.unshift(
        h(
          "option",
          { value: "" },
          t("{name} at step {step}", { name: model.network.name, step: moment.step }),
        ),
      );
    else if (model && !api.runs().some(({ id }) => id === model.id))
      options.unshift(h("option", { value: model.id }, model.network.name));
    box.replaceChildren(...options);
    box.value = moment || edited ? "" : (model?.id ?? "");
  });
}

/** What was operated on. @param {import("../state.js").State} state */
function nameOf({ model, moment }) {
  const name = api.runs().find(({ id }) => id === model?.id)?.name ?? model?.network.name ?? "";
  return moment ? t("{name} at step {step}", { name, step: moment.step }) : name;
}

/** @param {HTMLElement} tools */
function mountDigit(tools) {
  const picture = digitImage(EMPTY);
  const reads = h("span", {});
  tools.append(
    h(
      "a",
      { class: "digit", href: "#draw", title: t("The digit looked at. Go to the drawing pad.") },
      picture,
      reads,
    ),
  );
  store.watch(["image", "result", "source"], (state) => {
    paint(picture, state.image ?? EMPTY, DIGIT);
    const { big, small: detail } = answer(state);
    reads.replaceChildren(
      h(
        "span",
        { class: "unseen" },
        t("Digit looked at; the network reads: {big}. {detail} Draw another.", { big, detail }),
      ),
      h("span", { "aria-hidden": "true" }, state.image ? t("reads {big}", { big }) : t("draw")),
    );
  });
}

/** The other languages, each by its own name. @param {HTMLElement} tools */
function mountLanguage(tools) {
  for (const [tag, name] of Object.entries(LANGUAGES)) {
    if (tag === language()) continue;
    const choose = () => {
      chooseLanguage(/** @type {import("../texts.js").Language} */ (tag));
      location.reload();
    };
    tools.append(
      h(
        "button",
        { type: "button", class: "quiet language", lang: tag, title: name, onclick: choose },
        h("span", { "aria-hidden": "true" }, tag.toUpperCase()),
        h("span", { class: "unseen" }, name),
      ),
    );
  }
}

/** @param {HTMLElement} tools */
function mountTheme(tools) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const current = () => store.get().theme || (dark.matches ? "dark" : "light");
  const button = h("button", {
    type: "button",
    class: "theme",
    onclick: () => {
      const next = current() === "dark" ? "light" : "dark";
      localStorage.setItem("exmachina.theme", next);
      store.set({ theme: next });
    },
  });
  tools.append(button);
  dark.addEventListener("change", () => show());
  store.set({ theme: localStorage.getItem("exmachina.theme") ?? "" });
  store.watch(["theme"], show);

  function show() {
    const { theme } = store.get();
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    const other = current() === "dark" ? t("Switch to light colours") : t("Switch to dark colours");
    button.setAttribute("aria-label", other);
    button.title = other;
    repaintAll();
  }
}

/** Where the bar is too narrow for all chapters, it follows. @param {HTMLElement} link */
function intoView(link) {
  const list = link.closest("ol");
  list?.scrollTo({
    left: link.offsetLeft - list.offsetLeft - (list.clientWidth - link.clientWidth) / 2,
  });
}

/** Mark the chapter that is being read. @param {HTMLElement} bar */
function followChapters(bar) {
  const links = new Map(
    [...bar.querySelectorAll("a[href^='#']")].map((link) => [
      link.getAttribute("href")?.slice(1),
      link,
    ]),
  );
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const link = links.get(target.id);
        link?.toggleAttribute("aria-current", isIntersecting);
        if (!isIntersecting) continue;
        link?.setAttribute("aria-current", "location");
        if (link) intoView(/** @type {HTMLElement} */ (link));
      }
    },
    { rootMargin: "-45% 0px -55% 0px" },
  );
  for (const chapter of document.querySelectorAll(".chapter[id]")) observer.observe(chapter);
}
