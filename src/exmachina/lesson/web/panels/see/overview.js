/** See: the whole network for the current digit; the strongest maps and what connects them, or every map of every layer. */

import * as api from "../../api.js";
import { h } from "../../marks/dom.js";
import { legend } from "../../marks/legend.js";
import { store, useRun } from "../../state.js";
import { t } from "../../texts.js";
import { segments } from "../shared.js";
import { mountFlow } from "./overview-flow.js";
import { mountMosaic } from "./overview-mosaic.js";

const CLEARER = "classic"; // its maps look like strokes; `fast` comes first, for it is a fortieth of the size

/** @param {HTMLElement} root */
export function mount(root) {
  root.classList.add("overview");
  const strongest = h("div", { class: "flow" });
  const every = h("div", { hidden: true });
  const flowing = h("div", {});
  const mosaic = h("div", {});
  strongest.append(flowing, h("div", { class: "controls" }, inkLegend(), lineLegend()));
  every.append(mosaic, h("div", { class: "controls" }, inkLegend(), signedLegend()));
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
  root.append(h("div", { class: "controls above" }, choice, clearer()), strongest, every);
  mountFlow(flowing);
  mountMosaic(mosaic);
}

/** The way to the network whose maps are easier to read. */
function clearer() {
  const button = h(
    "button",
    {
      type: "button",
      class: "quiet",
      onclick: () => useRun(CLEARER).catch((error) => store.set({ error: error.message })),
    },
    t("Clearer maps: look at {name}, the textbook network (4.8 MB)", { name: CLEARER }),
  );
  store.watch(["model"], ({ model }) => {
    button.hidden = model?.id === CLEARER || !api.runs().some(({ id }) => id === CLEARER);
  });
  return button;
}

const inkLegend = () => legend("ink", 1, { high: t("the layer's strongest") });
const signedLegend = () =>
  legend("signed", 1, { low: t("negative"), high: t("positive"), name: t("before ReLU:") });
const lineLegend = () =>
  h(
    "div",
    { class: "legend" },
    h("span", { class: "line-key positive" }),
    t("adds"),
    h("span", { class: "line-key negative" }),
    t("takes away; the wider, the more"),
  );
