/** A button that copies the page's address, which carries the digit or drawing, the network and the neuron looked at. */

import * as api from "../api.js";
import { h } from "../marks/dom.js";
import { t } from "../texts.js";
import { write } from "../url.js";

const SAID = 2500; // milliseconds for which the button says that it is done

export function copyLink() {
  const button = h("button", { type: "button", class: "quiet", onclick: copy }, t("Copy link"));
  const field = h("input", { readOnly: true, hidden: true, "aria-label": t("Link to this") });

  async function copy() {
    const link = address();
    try {
      await navigator.clipboard.writeText(link);
      button.textContent = t("Copied");
    } catch {
      field.value = link; // without a secure connection there is no clipboard: let the reader copy
      field.hidden = false;
      field.select();
    }
    setTimeout(() => (button.textContent = t("Copy link")), SAID);
  }
  return h("span", { class: "copy-link", role: "status" }, button, field);
}

/** Without a network of one's own, which nobody else has. */
function address() {
  write();
  const link = new URL(location.href);
  if (api.ownRuns().some(({ id }) => id === link.searchParams.get("run")))
    link.searchParams.delete("run");
  return link.href;
}
