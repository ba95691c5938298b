/** Where what the reader makes here stays, on this host. */

import { hasServer } from "../../host.js";
import { h } from "../../marks/dom.js";
import { t } from "../../texts.js";

/** @param {HTMLElement} root */
export function mount(root) {
  const text = hasServer()
    ? t(
        "Hello Ex Machina. Everything on this page is computed in your browser, and what you draw and train stays in it. Only digits that you choose to send to the class, at the end of the lesson, go to the computer that serves it, without your name; and a run goes there if you save it there.",
      )
    : t(
        "Hello Ex Machina. Everything on this page is computed in your browser, and what you draw and train stays in it: this copy of the page sends nothing to anybody.",
      );
  root.append(h("p", {}, text));
}
