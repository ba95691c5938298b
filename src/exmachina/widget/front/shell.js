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

/** Every widget on show and how it is painted anew: notebooks may share one copy of this module among many.
 * @type {Map<HTMLElement, () => void>} */
const shown = new Map();

/** Where colours are looked up: always in the document, while a widget may be painted before it is. */
const inks = h("div", { hidden: true });
inks.attachShadow({ mode: "open" }).append(h("style", {}, base));
takeInksFrom(() => inks.shadowRoot ?? inks);

/**
 * @param {HTMLElement} element of the notebook
 * @param {() => void} repaint the theme has changed
 */
export function furnish(element, repaint) {
  const host = h("div", { class: "exmachina" });
  host.dataset.lmSuppressShortcuts = "true"; // JupyterLab takes no key that is meant for the widget
  const room = h("div", { class: "room" });
  host
    .attachShadow({ mode: "open" })
    .append(h("style", {}, [base, marks, panels, own].join("\n")), room);
  element.append(host);
  if (!inks.isConnected) open();
  host.dataset.theme = inks.dataset.theme;
  shown.set(host, repaint);
  return { room, leave: () => shown.delete(host) };
}

/** Take the notebook's theme, and follow it. */
function open() {
  document.body.append(inks);
  inks.dataset.theme = themeAround();
  const watcher = new MutationObserver(follow);
  for (const node of [document.documentElement, document.body, document.head])
    watcher.observe(node, { attributes: true, childList: node === document.head });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", follow);
}

function follow() {
  const theme = themeAround();
  if (inks.dataset.theme === theme) return;
  inks.dataset.theme = theme;
  forgetColours();
  for (const [host, repaint] of shown) {
    host.dataset.theme = theme;
    repaint();
  }
}

/** Who writes in a light colour has dark paper; every notebook does one or the other. */
function themeAround() {
  const canvas = h("canvas", { width: 1, height: 1 }); // understands every way to write a colour
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = getComputedStyle(document.body).color;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  return 0.299 * r + 0.587 * g + 0.114 * b > 127 ? "dark" : "light";
}
