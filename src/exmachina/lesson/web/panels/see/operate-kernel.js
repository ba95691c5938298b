/** See, operate: one kernel, its numbers changed by hand. */

import { h } from "../../marks/dom.js";
import { fixed } from "../../marks/format.js";
import { heatMap, paint } from "../../marks/heatmap.js";
import { colour, reach } from "../../marks/scale.js";
import { kernelName, preset, UNEDITED, withKernel } from "../../network/edit.js";
import { argmax } from "../../network/forward.js";
import { steps } from "../../network/spec.js";
import { operate, store, unitAt } from "../../state.js";
import { t } from "../../texts.js";
import { arrow, select, whileVisible } from "../shared.js";

/** @typedef {import("../../network/edit.js").Preset} Preset */
/** @typedef {{layer: string, map: number, source: number}} Place of a kernel */

/** @param {HTMLElement} root */
export function mountKernel(root) {
  /** @type {Place} */
  let place = { layer: "", map: 0, source: 0 };
  let cell = 0;
  let key = "";
  /** @type {HTMLButtonElement[]} */
  let cells = [];
  const choice = h("div", { class: "controls above" });
  const table = h("div", { class: "kernel", role: "group" });
  const value = h("input", { type: "number", step: "0.1" });
  const canvas = heatMap([0], { width: 1, height: 1 });
  const caption = h("figcaption", {});
  const reset = h("button", { type: "button", onclick: () => change(null) }, t("Its own kernel"));
  const presets = h(
    "div",
    { class: "presets", role: "group", "aria-label": t("Kernels to try") },
    Object.entries(presetNames()).map(([name, text]) =>
      h(
        "button",
        {
          type: "button",
          onclick: () => change(preset(/** @type {Preset} */ (name), original())),
        },
        text,
      ),
    ),
  );
  root.append(
    h("h4", {}, t("Write a kernel by hand")),
    choice,
    h(
      "div",
      { class: "by-hand" },
      h("div", {}, table, h("label", { class: "number value" }, t("Weight"), " ", value)),
      h("figure", {}, canvas, caption),
    ),
    presets,
    h("div", { class: "controls" }, reset),
    h(
      "p",
      { class: "note" },
      t(
        "Arrow keys go from weight to weight; + and − change it. A kernel to try is as strong as the one it replaces.",
      ),
    ),
  );

  const tensor = () => store.get().model?.weights[`${place.layer}.weight`];
  const base = () => store.get().operation?.base ?? store.get().model;
  /** The numbers at the place. @param {import("../../network/safetensors.js").Tensor | undefined} of */
  const numbers = (of) => {
    if (!of) return [];
    const area = of.shape[2] * of.shape[3];
    const start = (place.map * of.shape[1] + place.source) * area;
    return Array.from(of.values.subarray(start, start + area));
  };
  const current = () => numbers(tensor());
  const original = () => numbers(base()?.weights[`${place.layer}.weight`]);
  const name = () => kernelName(place.layer, place.map, place.source);

  /** @param {number[] | null} next @param {string} [kind] */
  function change(next, kind) {
    operate(withKernel(store.get().operation?.edits ?? UNEDITED, name(), next), kind);
  }

  /** @param {number} next */
  function setCell(next) {
    if (!Number.isFinite(next)) return;
    change(
      current().map((number, i) => (i === cell ? Math.fround(next) : number)),
      `${name()} ${cell}`,
    );
  }
  const nudge = () => Number((reach(original()) / 10).toPrecision(1));

  value.addEventListener("input", () => value.value !== "" && setCell(Number(value.value)));
  table.addEventListener("keydown", (event) => {
    const side = Math.sqrt(cells.length);
    const step = arrow(event);
    if (step) {
      const inside = (/** @type {number} */ v) => Math.max(0, Math.min(side - 1, v));
      cell = inside(Math.floor(cell / side) + step[0]) * side + inside((cell % side) + step[1]);
      show(store.get());
      cells[cell].focus();
    } else if (["+", "-", "−"].includes(event.key)) {
      event.preventDefault();
      setCell(current()[cell] + (event.key === "+" ? nudge() : -nudge()));
    }
  });

  /** @param {import("../../state.js").State} state */
  function show(state) {
    const { model, result } = state;
    if (!model) return;
    const layers = steps(model.network).filter(({ layer }) => layer.type === "Conv2D");
    root.hidden = layers.length === 0;
    if (!place.layer && result && layers.length) {
      const at = model.network.layers.indexOf(layers[0].layer);
      const { shape, values } = result.layers[at];
      place = { layer: "", source: 0, map: unitAt(shape, argmax(values)).channel };
    }
    const step = layers.find(({ layer }) => layer.name === place.layer) ?? layers[0];
    if (!step) return;
    place = {
      layer: step.layer.name,
      map: Math.min(place.map, step.output[0] - 1),
      source: Math.min(place.source, step.input[0] - 1),
    };
    rebuild(layers, step);
    const all = current();
    const max = reach([...all, ...original()]);
    cells.forEach((button, i) => {
      const { css, text } = colour(all[i], "signed", max);
      button.style.backgroundColor = css;
      button.style.color = text;
      button.textContent = fixed(all[i]);
      button.tabIndex = i === cell ? 0 : -1;
      button.setAttribute("aria-pressed", String(i === cell));
    });
    if (document.activeElement !== value) value.value = all[cell].toFixed(3);
    value.step = String(nudge());
    reset.disabled = !state.operation?.edits.kernels[name()];
    const output = result?.layers.find((layer) => layer.name === place.layer);
    const [, height, width] = step.output;
    const area = height * width;
    const own = output?.values.subarray(place.map * area, (place.map + 1) * area);
    paint(canvas, own ?? new Float32Array(area), {
      width,
      height,
      scale: own?.some((number) => number < 0) ? "signed" : "ink",
      max: reach(own ?? []),
      label: t("Map {map} of {layer}", place),
    });
    caption.textContent = t("{layer}, map {map}, as this kernel makes it", place);
  }

  /** @param {import("../../network/spec.js").Step[]} layers @param {import("../../network/spec.js").Step} step */
  function rebuild(layers, step) {
    const wanted = JSON.stringify([layers, place]);
    if (wanted === key) return;
    key = wanted;
    const focused = [...choice.querySelectorAll("select")].indexOf(
      /** @type {HTMLSelectElement} */ (document.activeElement),
    );
    const numbered = (/** @type {number} */ count) =>
      Array.from({ length: count }, (_, i) => ({ value: String(i), text: String(i) }));
    const move = (/** @type {Partial<Place>} */ to) => {
      place = { ...place, ...to };
      show(store.get());
    };
    const layerNames = layers.map(({ layer }) => ({ value: layer.name, text: layer.name }));
    choice.replaceChildren(
      select(t("Layer"), layerNames, place.layer, (layer) => move({ layer })),
      select(t("Map"), numbered(step.output[0]), String(place.map), (map) =>
        move({ map: Number(map) }),
      ),
      ...(step.input[0] > 1
        ? [
            select(t("looking at map"), numbered(step.input[0]), String(place.source), (source) =>
              move({ source: Number(source) }),
            ),
          ]
        : []),
    );
    choice.querySelectorAll("select")[focused]?.focus();
    const side = step.layer.kernel ?? 3;
    cell = cells.length === side * side ? cell : (side * side - 1) / 2;
    cells = Array.from({ length: side * side }, (_, i) =>
      h("button", {
        type: "button",
        onclick: () => {
          cell = i;
          show(store.get());
        },
      }),
    );
    table.style.gridTemplateColumns = `repeat(${side}, minmax(0, 1fr))`;
    table.setAttribute("aria-label", t("Kernel of {layer}, map {map}", place));
    table.replaceChildren(...cells);
  }

  whileVisible(root, ["model", "operation", "result", "theme"], show);
}

/** What the kernels to try are called. */
export const presetNames = () => ({
  horizontal: t("Horizontal edge"),
  vertical: t("Vertical edge"),
  diagonal: t("Diagonal edge"),
  blur: t("Blur"),
  outline: t("Outline"),
  nothing: t("Nothing"),
});
