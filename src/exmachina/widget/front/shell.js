/**
 * A widget's room in somebody else's page: its own styles, which neither leave it nor are reached by others, in the
 * theme of the notebook around it.
 */

import base from "../../lesson/web/css/base.css";
import marks from "../../lesson/web/css/marks.css";
import panels from "../../lesson/web/css/panels.css";
import { h } from "../../lesson/web/marks/dom.js";
import { forgetColours, takeInksFrom } from "../../lesson/web/marks/scale.js";
import own from "./widget.css";

/** @type {Set<Element>} every widget on show; notebooks may share one copy of this module among many */
const rooms = new Set();
takeInksFrom(() => [...rooms].find(({ isConnected }) => isConnected) ?? document.body);

/**
 * @param {HTMLElement} element of the notebook
 * @param {() => void} repaint the theme has changed
 */
export function furnish(element, repaint) {
  const host = h("div", { class: "exmachina" });
  host.dataset.lmSuppressShortcuts = "true"; // JupyterLab takes no key that is meant for the widget
  const room = h("div", { class: "room" });
  const shadow = host.attachShadow({ mode: "open" });
  shadow.append(h("style", {}, [base, marks, panels, own].join("\n")), room);
  element.append(host);
  rooms.add(room);

  function follow() {
    const theme = themeAround(element);
    if (host.dataset.theme === theme) return;
    host.dataset.theme = theme;
    forgetColours();
    repaint();
  }
  const watcher = new MutationObserver(follow);
  for (const node of [document.documentElement, document.body])
    watcher.observe(node, { attributes: true });
  const preference = matchMedia("(prefers-color-scheme: dark)");
  preference.addEventListener("change", follow);
  host.dataset.theme = themeAround(element);
  forgetColours();

  return {
    room,
    leave() {
      watcher.disconnect();
      preference.removeEventListener("change", follow);
      rooms.delete(room);
    },
  };
}

/** Whoever writes in a light colour has dark paper; every notebook does one or the other. @param {Element} element */
function themeAround(element) {
  const [r, g, b] = (getComputedStyle(element).color.match(/[\d.]+/g) ?? ["0", "0", "0"]).map(
    Number,
  );
  return 0.299 * r + 0.587 * g + 0.114 * b > 127 ? "dark" : "light";
}
