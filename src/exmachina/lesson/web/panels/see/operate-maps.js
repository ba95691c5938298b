/** See, operate: a layer's maps, each a switch; and what the network loses without each of them. */

import { h } from "../../marks/dom.js";
import { signed } from "../../marks/format.js";
import { heatMap, paint } from "../../marks/heatmap.js";
import { reach } from "../../marks/scale.js";
import { applyEdits, switchable, toggled, UNEDITED } from "../../network/edit.js";
import { stages } from "../../network/stages.js";
import { pairedDifference } from "../../network/statistics.js";
import { rightOnes } from "../../reader.js";
import { operate, store } from "../../state.js";
import { t } from "../../texts.js";
import { arrow, segments, whileVisible } from "../shared.js";
import { judges } from "./operate-outcome.js";

/** @typedef {{difference: number, low: number, high: number}} Cost of switching a map off, as a change in accuracy */
/** @typedef {{of: import("../../api.js").Model, layer: string, each: Cost[]}} Costs */

/** @param {HTMLElement} root */
export function mountMaps(root) {
  let layer = "";
  let key = "";
  /** @type {HTMLButtonElement[]} */
  let switches = [];
  /** @type {Costs | null} */
  let costs = null;
  let measuring = 0; // changes when another measurement begins or this one is stopped
  const choice = h("div", { class: "controls above" });
  const grid = h("div", { class: "switches-of-maps", role: "group" });
  const summary = h("p", { class: "note", role: "status" });
  const each = h("button", { type: "button", onclick: measure });
  const together = h("button", { type: "button", hidden: true, onclick: switchSpared });
  root.append(
    h("h4", {}, t("Switch maps off")),
    choice,
    grid,
    h("div", { class: "controls" }, each, together),
    summary,
  );
  moveByArrows(grid);

  /** @param {import("../../state.js").State} state */
  function show(state) {
    const { model, result, operation } = state;
    if (!model) return;
    const layers = switchable(model.network);
    if (!layers.some((step) => step.layer.name === layer)) layer = layers[0]?.layer.name ?? "";
    const base = operation?.base ?? model;
    if (costs?.of !== base || costs.layer !== layer) forget();
    rebuild(model.network, layers);
    const index = handsOn(model.network, layer);
    const off = operation?.edits.off[layer] ?? [];
    const values = result?.layers[index].values ?? null;
    const [, height = 1, width = 1] = result?.layers[index].shape ?? [1, 1, 1];
    const scale = values?.some((value) => value < 0) ? "signed" : "ink";
    const max = values ? reach(values) : 1;
    switches.forEach((button, map) => {
      const canvas = /** @type {HTMLCanvasElement} */ (button.querySelector("canvas"));
      const area = height * width;
      const own = values?.subarray(map * area, (map + 1) * area) ?? new Float32Array(area);
      paint(canvas, own, { width, height, scale, max });
      button.setAttribute("aria-checked", String(!off.includes(map)));
    });
  }

  /** @param {import("../../network/spec.js").Network} network @param {import("../../network/spec.js").Step[]} layers */
  function rebuild(network, layers) {
    const wanted = JSON.stringify([network, layer]);
    if (wanted === key) return;
    key = wanted;
    const step = layers.find((step) => step.layer.name === layer);
    const maps = step?.output.length === 3;
    choice.replaceChildren(
      segments(
        t("Layer whose maps are switched"),
        layers.map((step) => ({ value: step.layer.name, text: step.layer.name })),
        layer,
        (name) => {
          layer = name;
          show(store.get());
        },
      ),
    );
    switches = Array.from({ length: step?.output[0] ?? 0 }, (_, map) =>
      h(
        "button",
        {
          type: "button",
          role: "switch",
          class: "map-switch",
          tabIndex: map === 0 ? 0 : -1,
          onclick: () => operate(toggled(store.get().operation?.edits ?? UNEDITED, layer, map)),
        },
        heatMap([0], { width: 1, height: 1 }),
        h(
          "span",
          { class: "number" },
          h("span", { class: "unseen" }, maps ? t("map") : t("unit"), " "),
          map,
          h("span", { class: "unseen" }, ` ${t("of {layer}", { layer })}`),
        ),
        h("span", { class: "cost" }),
      ),
    );
    grid.classList.toggle("units", !maps);
    grid.setAttribute("aria-label", t("What {layer} hands on", { layer }));
    grid.replaceChildren(...switches);
    forget();
  }

  function forget() {
    costs = null;
    measuring += 1;
    each.textContent = t("Which one matters? Try each");
    together.hidden = true;
    summary.textContent = "";
    for (const button of switches) writeCost(button, null);
  }

  /** Read the test digits without each of the maps, one after the other; pressed again, it stops. */
  async function measure() {
    const { model, operation } = store.get();
    const base = operation?.base ?? model;
    if (!base) return;
    if (costs && costs.each.length < switches.length) return forget();
    forget();
    const mine = measuring;
    costs = { of: base, layer, each: [] };
    each.textContent = t("Stop");
    try {
      const before = rightOnes(await judges.read(base));
      for (let map = 0; map < switches.length; map++) {
        const edits = toggled(UNEDITED, layer, map);
        const weights = applyEdits(base.network, base.weights, edits);
        const after = rightOnes(await judges.read({ network: base.network, weights }));
        if (mine !== measuring || !costs) return;
        const cost = pairedDifference(before, after);
        costs.each.push(cost);
        writeCost(switches[map], cost);
        summary.textContent = t("{n} of {all} tried", { n: map + 1, all: switches.length });
      }
      each.textContent = t("Try each again");
      conclude();
    } catch (error) {
      forget();
      summary.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  function conclude() {
    if (!costs) return;
    const all = costs.each;
    const worst = all.reduce(
      (least, { difference }, i) => (difference < all[least].difference ? i : least),
      0,
    );
    const free = spared(all).length;
    summary.textContent = t(
      "Each on its own, {free} of {all} can go without a loss that a thousand digits would show. The dearest is number {worst}: {points} percentage points.",
      { free, all: all.length, worst, points: signed(100 * all[worst].difference, 1) },
    );
    together.hidden = free < 2;
    together.textContent = t("Switch those {free} off together", { free });
  }

  function switchSpared() {
    const edits = store.get().operation?.edits ?? UNEDITED;
    if (costs) operate({ ...edits, off: { ...edits.off, [layer]: spared(costs.each) } });
  }

  whileVisible(root, ["model", "operation", "result", "theme"], show);
}

/** Those whose loss could be chance. @param {Cost[]} costs */
const spared = (costs) => costs.flatMap(({ high }, map) => (high < 0 ? [] : [map]));

/** @param {HTMLElement} button @param {Cost | null} cost */
function writeCost(button, cost) {
  const place = /** @type {HTMLElement} */ (button.querySelector(".cost"));
  place.textContent = cost ? signed(100 * cost.difference, 1) : "";
  place.classList.toggle("wrong-mark", cost !== null && cost.high < 0);
}

/** The layer at whose end the maps are as the next one sees them. @param {import("../../network/spec.js").Network} network @param {string} name */
const handsOn = (network, name) =>
  stages(network).find(({ from }) => network.layers[from].name === name)?.to ?? 0;

/** One stop for the tab key; arrows go from switch to switch. @param {HTMLElement} grid */
function moveByArrows(grid) {
  grid.addEventListener("keydown", (event) => {
    const all = /** @type {HTMLElement[]} */ ([...grid.children]);
    const from = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const step = from >= 0 && arrow(event);
    if (!step) return;
    const top = all[0].offsetTop;
    const across = all.filter(({ offsetTop }) => offsetTop === top).length;
    const to = Math.max(0, Math.min(all.length - 1, from + step[0] * across + step[1]));
    all[from].tabIndex = -1;
    all[to].tabIndex = 0;
    all[to].focus();
  });
}
