/** See: the whole network for the current digit; the strongest maps and what connects them, or every map of every layer. */

import { h } from "../../marks/dom.js";
import { legend } from "../../marks/legend.js";
import { t } from "../../texts.js";
import { segments } from "../shared.js";
import { mountFlow } from "./overview-flow.js";
import { mountMosaic } from "./overview-mosaic.js";

/** @param {HTMLElement} root */
export function mount(root) {
  root.classList.add("overview");
  const strongest = h("div", { class: "flow" });
  const every = h("div", { class: "every", hidden: true });
  const choice = segments(
    t("How much to show"),
    [
      { value: "strongest", text: t("The strongest maps") },
      { value: "every", text: t("Every map of every layer") },
    ],
    "strongest",
    (view) => {
      strongest.hidden = view !== "strongest";
      every.hidden = view !== "every";
    },
  );
  root.append(
    h("div", { class: "controls above" }, choice),
    strongest,
    every,
    h(
      "div",
      { class: "controls" },
      legend("ink", 1, { high: t("the layer's strongest") }),
      legend("signed", 1, { low: t("negative"), high: t("positive"), name: t("before ReLU:") }),
    ),
  );
  mountFlow(strongest);
  mountMosaic(every);
}
