/**
 * See, the overview: the strongest maps of each stage and what connects them. Pointing at a map lights up where it comes
 * from; choosing it opens its sum. When the digit has changed and the pen rests, it flows through once.
 * @typedef {import("../../state.js").State} State
 * @typedef {import("../../network/stages.js").Stage} Stage
 * @typedef {import("../../marks/edges.js").Edge} Edge
 * @typedef {{stage: Stage, tiles: Tile[]}} Column
 * @typedef {{column: number, tile: number}} Target
 * @typedef {{element: HTMLElement, canvas: HTMLCanvasElement | null, channel: number}} Tile a map, a unit or an answer
 */

import { bars, setBars } from "../../marks/bars.js";
import { h } from "../../marks/dom.js";
import { percent } from "../../marks/format.js";
import { DIGIT, digitImage, heatMap, paint } from "../../marks/heatmap.js";
import { drawEdges, edgeLayer } from "../../marks/edges.js";
import { framed, outline } from "../../marks/overlay.js";
import { reach } from "../../marks/scale.js";
import { argmax } from "../../network/forward.js";
import { receptiveField } from "../../network/receptive.js";
import { shapeText, steps } from "../../network/spec.js";
import { neuronSum } from "../../network/neuron.js";
import { originOf, stages, strongest } from "../../network/stages.js";
import { focusOn, store } from "../../state.js";
import { t } from "../../texts.js";
import { mount as mountPad } from "../pad.js";
import { lessMotion, whileVisible } from "../shared.js";
import { flow, penIsDown } from "./overview-motion.js";
import { heading, inWords } from "./overview-words.js";

const SHOWN = 6; // maps of a stage
const RESTS = 250; // milliseconds without a change after which the pen is taken to rest
const SILENT = 1e-6; // a contribution below this is none

/** @param {HTMLElement} root */
export function mountFlow(root) {
  const strip = h("div", { class: "strip scroll", tabIndex: 0, role: "group" });
  strip.setAttribute("aria-label", t("The network, from the digit to the answer"));
  const words = h("p", { class: "sources", role: "status" });
  const all = edgeLayer("all");
  const lit = edgeLayer("lit");
  strip.append(all, lit);
  root.append(strip, words);
  /** @type {Column[]} */
  let columns = [];
  const pad = h("div", { class: "small-pad" });
  mountPad(pad);
  const input = framed(digitImage(new Uint8Array(784)), "input");
  let built = "";
  /** @type {Pick<State, "image" | "model"> | null} what the maps are chosen for */
  let settled = null;
  let timer = 0;
  /** @type {Target | null} */
  let pointed = null;
  /** @type {Target | null} */
  let opened = null;

  /** @param {State} state */
  function show(state) {
    const { model, image } = state;
    if (!model) return;
    const key = JSON.stringify(model.network);
    if (key !== built) build(model.network);
    if (key !== built) settled = null;
    built = key;
    paint(canvasOf(input), image ?? new Uint8Array(784), {
      ...DIGIT,
      label: t("The digit, as the network sees it"),
    });
    if (!settled) choose(state);
    fill(state);
    clearTimeout(timer);
    const restless = image !== settled?.image || model !== settled?.model;
    root.classList.toggle("restless", restless);
    if (restless) timer = window.setTimeout(settle, RESTS);
    else light(state);
  }

  /** A pen that pauses on the sheet does not rest. */
  function settle() {
    if (penIsDown()) timer = window.setTimeout(settle, RESTS);
    else rest(store.get());
  }

  /** The pen rests: the strongest maps come first, and the digit flows through. @param {State} state */
  function rest(state) {
    if (!state.model) return;
    const drawn = state.image !== settled?.image;
    choose(state);
    fill(state);
    light(state);
    root.classList.remove("restless");
    const maps = columns.map(({ tiles }) => tiles.map(({ element }) => element));
    if (drawn && state.result && !lessMotion()) flow(maps, lit);
  }

  /** @param {import("../../network/spec.js").Network} network */
  function build(network) {
    const layers = steps(network);
    const every = stages(network);
    columns = every.map((stage, c) => {
      const last = c === every.length - 1;
      const count = layers[stage.to].output[0];
      const tiles = Array.from({ length: last ? count : Math.min(SHOWN, count) }, (_, i) =>
        last ? answerTile(c, i) : mapTile(c, i, layers[stage.to].output.length === 3),
      );
      return { stage, tiles };
    });
    const shownColumns = columns.map(({ stage, tiles }) => {
      const n = layers[stage.to].output[0] - tiles.length;
      return h(
        "div",
        { class: tiles[0].canvas ? "stage-column" : "stage-column answers-column" },
        heading(layers, stage),
        tiles.map(({ element }) => element),
        n > 0 && h("p", { class: "note" }, t("and {n} more", { n })),
      );
    });
    strip.replaceChildren(
      h(
        "div",
        { class: "stage-column input-column" },
        h(
          "p",
          { class: "layer-name" },
          h("strong", {}, t("input")),
          h("span", {}, shapeText([28, 28])),
        ),
        input,
        h("p", { class: "note" }, t("Draw here:")),
        pad,
      ),
      ...shownColumns,
      all,
      lit,
    );
    drawAll();
  }

  /** @param {number} c @param {number} i @param {boolean} isMap @returns {Tile} */
  function mapTile(c, i, isMap) {
    const canvas = heatMap([0], { width: 1, height: 1 });
    const element = h(
      "button",
      { type: "button", class: isMap ? "tile" : "tile unit" },
      framed(canvas),
      h("span", { class: "number", "aria-hidden": "true" }),
    );
    listen(element, c, i);
    return { element, canvas, channel: i };
  }

  /** @param {number} c @param {number} i @returns {Tile} */
  function answerTile(c, i) {
    const element = h(
      "button",
      { type: "button", class: "answer-tile" },
      bars([0], { labels: [String(i)] }),
      h("span", { class: "unseen" }, t("open its sum")),
    );
    listen(element, c, i);
    return { element, canvas: null, channel: i };
  }

  /** @param {HTMLElement} element @param {number} column @param {number} tile */
  function listen(element, column, tile) {
    const point = (/** @type {boolean} */ on) => () => {
      pointed = on ? { column, tile } : null;
      light(store.get());
    };
    element.addEventListener("pointerenter", point(true));
    element.addEventListener("focus", point(true));
    element.addEventListener("pointerleave", point(false));
    element.addEventListener("blur", point(false));
    element.addEventListener("click", () => {
      const { model, result } = store.get();
      if (!model || !result) return;
      const { stage, tiles } = columns[column];
      const neuron = originOf(model.network, result, stage, tiles[tile].channel);
      opened = { column, tile };
      focusOn({ layer: stage.from, ...neuron });
    });
  }

  /** Which maps stand in the tiles. @param {State} state */
  function choose({ result, image, model }) {
    settled = { image, model };
    opened = null;
    for (const { stage, tiles } of columns) {
      const name = model?.network.layers[stage.from].name ?? "";
      const order = result && strongest(result, stage, tiles.length);
      tiles.forEach((tile, i) => {
        if (!tile.canvas) return;
        if (order) tile.channel = order[i];
        const { element, channel } = tile;
        const number = /** @type {HTMLElement} */ (element.querySelector(".number"));
        number.textContent = String(channel);
        const text = t("{name}, number {channel}: open its sum", { name, channel });
        element.setAttribute("aria-label", text);
      });
    }
  }

  /** @param {State} state */
  function fill({ result, model }) {
    if (!model) return;
    for (const { stage, tiles } of columns) {
      const output = result?.layers[stage.to];
      const [, height = 1, width = 1] = steps(model.network)[stage.to].output;
      const area = height * width;
      const scale = output?.values.some((value) => value < 0) ? "signed" : "ink";
      const max = output ? reach(output.values) : 1;
      for (const { canvas, channel } of tiles) {
        if (!canvas) continue;
        const own = output?.values.subarray(channel * area, (channel + 1) * area);
        paint(canvas, own ?? new Float32Array(area), { width, height, scale, max });
      }
    }
    const answers = columns[columns.length - 1].tiles;
    const probabilities = result?.probabilities ?? new Float32Array(answers.length);
    const best = result ? argmax(probabilities) : -1;
    answers.forEach(({ element }, i) =>
      setBars(/** @type {HTMLElement} */ (element.firstElementChild), [probabilities[i]], {
        max: 1,
        strong: best === i ? 0 : -1,
        format: (v) => percent(v),
      }),
    );
  }

  /** Every shown map is connected with every one of the next stage. */
  function drawAll() {
    /** @type {Edge[]} */
    const edges = [];
    columns.forEach(({ tiles }, c) => {
      const before = c === 0 ? [input] : columns[c - 1].tiles.map(({ element }) => element);
      for (const { element } of tiles) for (const from of before) edges.push({ from, to: element });
    });
    drawEdges(all, edges);
  }

  /** Light up where the map pointed at comes from; if none is, where the answer does. @param {State} state */
  function light({ model, result }) {
    for (const { tiles } of columns)
      for (const { element } of tiles) element.classList.remove("source", "target");
    outline(input, null);
    if (!model || !result || !columns.length) {
      drawEdges(lit, []);
      words.textContent = t("Draw a digit, and it flows through here.");
      return;
    }
    const best = { column: columns.length - 1, tile: argmax(result.probabilities) };
    const at = pointed ?? opened ?? best;
    const { stage, tiles } = columns[at.column];
    const { channel, element } = tiles[at.tile];
    element.classList.add("target");
    drawEdges(lit, path(at.column, at.tile));
    const neuron = originOf(model.network, result, stage, channel);
    const seen = receptiveField(steps(model.network), stage.from, neuron.y, neuron.x)[0];
    outline(input, stage.from > 0 && result.layers[stage.from].shape.length === 1 ? null : seen);
    const sum = neuronSum(model.network, model.weights, result, stage.from, neuron);
    const open = () => focusOn({ layer: stage.from, ...neuron });
    words.replaceChildren(...inWords(sum, neuron, { deep: stage.from > 0, open }));
  }

  /**
   * The edges that lead to a tile: from all its sources that are shown, and from the strongest of these on back to the
   * digit.
   * @param {number} c @param {number} i @returns {Edge[]}
   */
  function path(c, i) {
    const { model, result } = store.get();
    if (!model || !result) return [];
    const { stage, tiles } = columns[c];
    const to = tiles[i].element;
    if (c === 0) return [{ from: input, to, weight: 0.5, className: "positive", column: c }];
    const neuron = originOf(model.network, result, stage, tiles[i].channel);
    const sum = neuronSum(model.network, model.weights, result, stage.from, neuron);
    const most = Math.max(SILENT, Math.abs(sum.terms[0]?.sum ?? 0));
    const shown = columns[c - 1].tiles;
    const edges = sum.terms.flatMap((term) => {
      const from = shown.findIndex(({ channel }) => channel === term.index);
      if (from < 0 || Math.abs(term.sum) < SILENT) return [];
      const weight = Math.abs(term.sum) / most;
      const className = term.sum < 0 ? "negative" : "positive";
      return [{ tile: from, from: shown[from].element, to, weight, className, column: c }];
    });
    for (const { from } of edges) from.classList.add("source");
    return [...edges, ...edges.slice(0, 2).flatMap(({ tile }) => path(c - 1, tile))];
  }
  const resized = new ResizeObserver(() => {
    drawAll();
    light(store.get());
  });
  resized.observe(strip);
  whileVisible(root, ["result", "model", "image", "theme"], show);
}

/** @param {HTMLElement} frame */
const canvasOf = (frame) => /** @type {HTMLCanvasElement} */ (frame.querySelector("canvas"));
