/** Build: the network as blocks; add, move, change and remove them, and see parameters and multiplications, the two prices. */

import * as api from "../../api.js";
import { h } from "../../marks/dom.js";
import { percent, rough, whole } from "../../marks/format.js";
import { describe, misfit, shapeText, steps, totals } from "../../network/spec.js";
import { keep, recall } from "../../kept.js";
import { store } from "../../state.js";
import { parts, t } from "../../texts.js";
import { segments } from "../shared.js";
import { knobs, tools } from "./block.js";

/** @typedef {import("../../network/spec.js").Network} Network */
/** @typedef {import("../../network/spec.js").Layer} Layer */

const NARROW = "(max-width: 620px)"; // where blocks are rows that open

/** @param {HTMLElement} root */
export function mount(root) {
  /** @type {Network} */
  let network = structuredClone(
    api.networks().find(({ name }) => name === "classic") ?? api.networks()[0],
  );
  network.layers = keptLayers() ?? network.layers;
  const names = api.networks().map(({ name }) => ({ value: name, text: name }));
  const blocks = h("ol", { class: "blocks" });
  const summary = h("p", { class: "fact", role: "status" });
  const train = h(
    "a",
    { class: "button", href: "#train", onclick: () => store.set({ own: true }) },
    t("Train this one"),
  );
  const known = segments(t("Start from"), names, network.name, (name) => {
    network = structuredClone(
      /** @type {Network} */ (api.networks().find((item) => item.name === name)),
    );
    rebuild();
  });
  root.append(
    h("div", { class: "controls above" }, t("Start from"), known),
    blocks,
    summary,
    h("div", { class: "controls" }, train),
  );

  /** @param {number} [open] the block that is to be seen whole on a narrow screen */
  function rebuild(open = -1) {
    const last = network.layers.length - 1;
    const narrow = matchMedia(NARROW).matches;
    blocks.replaceChildren(
      ...network.layers.map((layer, i) =>
        block(layer, { open: !narrow || i === open }, [
          ...(i === last ? [] : knobs(layer, update)),
          tools(layer, { first: i === 0, last: i === last, beforeLast: i === last - 1 }, (change) =>
            edit(i, change),
          ),
        ]),
      ),
    );
    update();
  }

  /** @param {number} at @param {import("./block.js").Change} change */
  function edit(at, { remove, move = 0, insert }) {
    const [layer] = remove || move ? network.layers.splice(at, 1) : [];
    if (move) network.layers.splice(at + move, 0, layer);
    if (insert) network.layers.splice(at, 0, { ...insert, name: freeName(network, insert.name) });
    rebuild(remove ? -1 : at + move);
    const buttons = blocks.children[at + move]?.querySelectorAll("button");
    const same = move > 0 ? buttons?.[1] : buttons?.[0];
    (same?.disabled ? buttons?.[move > 0 ? 0 : 1] : same)?.focus();
  }

  function update() {
    const wrong = misfit(network);
    const fitting = wrong ? wrong.index : network.layers.length;
    const all = steps({ ...network, layers: network.layers.slice(0, fitting) });
    const sum = wrong ? null : totals(network);
    network.layers.forEach((layer, i) => {
      const item = blocks.children[i];
      const step = all[i];
      item.classList.toggle("wrong", i === wrong?.index);
      item.querySelector(".what")?.replaceChildren(describe(layer));
      item.querySelector(".shape")?.replaceChildren(`→ ${step ? shapeText(step.output) : "?"}`);
      item.querySelector(".misfit")?.replaceChildren(i === wrong?.index ? wrong.message : "");
      item
        .querySelector("dl")
        ?.replaceChildren(
          ...price(t("parameters"), step?.parameters, sum?.parameters),
          ...price(t("multiplications"), step?.multiplications, sum?.multiplications),
        );
    });
    const same = sameAsKnown(network);
    [...known.children].forEach((button, i) =>
      button.setAttribute("aria-pressed", String(names[i].value === same)),
    );
    summary.classList.toggle("wrong-mark", wrong !== null);
    summary.replaceChildren(
      ...(sum
        ? [
            ...parts(
              "{parameters} parameters, {multiplications} multiplications for each picture.",
              {
                parameters: h("strong", {}, whole(sum.parameters)),
                multiplications: h("strong", {}, rough(sum.multiplications)),
              },
            ),
          ]
        : [t("This does not fit: {why}", { why: wrong?.message ?? "" })]),
    );
    train.hidden = wrong !== null;
    store.set({ built: wrong ? null : { ...network, name: same ?? t("yours") } });
    keep("blocks", same ? {} : { layers: network.layers });
  }
  rebuild();
}

/** The blocks of the last visit, if they still are blocks that end in ten answers. @returns {Layer[] | null} */
function keptLayers() {
  const { layers } = recall("blocks", { layers: /** @type {any} */ (null) });
  const sound =
    Array.isArray(layers) &&
    layers.every((layer) => typeof layer?.name === "string" && typeof layer.type === "string") &&
    layers.at(-1)?.type === "Dense" &&
    layers.at(-1).units === 10;
  return sound ? layers : null;
}

/** @param {Layer} layer @param {{open: boolean}} options @param {HTMLElement[]} inside */
function block(layer, { open }, inside) {
  return h(
    "li",
    { class: `block ${layer.type}` },
    h(
      "details",
      { open },
      h(
        "summary",
        {},
        h("h4", {}, layer.name),
        h("span", { class: "what" }),
        h("span", { class: "shape" }),
      ),
      ...inside,
      h("dl", {}),
    ),
    h("p", { class: "misfit wrong-mark", role: "alert" }),
  );
}

/** @param {string} name @param {number} [value] @param {number} [total] neither is known while the network does not fit */
function price(name, value, total) {
  const bar = h("span", { class: "price", "aria-hidden": "true" });
  const share = value && total ? value / total : 0;
  bar.style.width = `${100 * share}%`;
  const known = value ? rough(value) : value === 0 ? t("none") : "–";
  return [
    h("dt", {}, name),
    h(
      "dd",
      {},
      share ? `${known} · ${percent(share, 0)}` : known,
      h("span", { class: "track" }, bar),
    ),
  ];
}

/** @param {Network} network @param {string} kind → kind1, kind2 … that no layer is called yet */
function freeName({ layers }, kind) {
  let number = 1;
  while (layers.some(({ name }) => name === `${kind}${number}`)) number++;
  return `${kind}${number}`;
}

/** @param {Network} network */
function sameAsKnown(network) {
  return api
    .networks()
    .find(({ layers }) => JSON.stringify(layers) === JSON.stringify(network.layers))?.name;
}
