/** Build: the network as blocks; change them and see the two prices, parameters and multiplications. */

import * as api from "../../api.js";
import { h } from "../../marks/dom.js";
import { percent, plain, rough, whole } from "../../marks/format.js";
import { describe, shapeText, steps, totals } from "../../network/spec.js";
import { store } from "../../state.js";
import { segments, slider } from "../shared.js";
import { parts, t } from "../../texts.js";

/** @typedef {import("../../network/spec.js").Network} Network */
/** @typedef {import("../../network/spec.js").Layer} Layer */

/** Which knobs a layer has. @type {Record<string, {key: keyof Layer, label: string, values: number[]}[]>} */
const KNOBS = {
  Conv2D: [
    { key: "filters", label: t("Kernels"), values: [4, 8, 12, 16, 24, 32, 48, 64, 96] },
    { key: "kernel", label: t("Size"), values: [1, 2, 3, 4, 5, 6, 7, 9] },
    { key: "stride", label: t("Stride"), values: [1, 2, 3] },
    { key: "padding", label: t("Padding"), values: [0, 1, 2, 3] },
  ],
  MaxPooling2D: [{ key: "size", label: t("Square"), values: [1, 2, 3, 4] }],
  Dropout: [{ key: "rate", label: t("Silenced"), values: [0, 0.1, 0.25, 0.5, 0.75] }],
  Dense: [{ key: "units", label: t("Units"), values: [8, 16, 32, 64, 128, 256, 512] }],
};

/** @param {HTMLElement} root */
export function mount(root) {
  /** @type {Network} */
  let network = structuredClone(
    api.networks().find(({ name }) => name === "classic") ?? api.networks()[0],
  );
  const names = api.networks().map(({ name }) => ({ value: name, text: name }));
  const blocks = h("ol", { class: "blocks" });
  const summary = h("p", { class: "fact", role: "status" });
  const train = h(
    "a",
    { class: "button", href: "#train", onclick: () => store.set({ own: true }) },
    t("Train this one"),
  );
  root.append(
    h(
      "div",
      { class: "controls above" },
      t("Start from"),
      segments(t("Start from"), names, network.name, (name) => {
        network = structuredClone(
          /** @type {Network} */ (api.networks().find((item) => item.name === name)),
        );
        rebuild();
      }),
    ),
    blocks,
    summary,
    h("div", { class: "controls" }, train),
  );

  function rebuild() {
    blocks.replaceChildren(...network.layers.map((layer, i) => block(layer, i)));
    update();
  }

  /** @param {Layer} layer @param {number} index */
  function block(layer, index) {
    const last = index === network.layers.length - 1;
    const knobs = (last ? [] : (KNOBS[layer.type] ?? [])).map(({ key, label, values }) => {
      const now = Number(layer[key] ?? (key === "padding" ? 0 : 1));
      const all = [...new Set([...values, now])].sort((a, b) => a - b);
      return slider({
        label,
        min: 0,
        max: all.length - 1,
        value: all.indexOf(now),
        format: (i) => plain(all[i]),
        oninput: (i) => {
          /** @type {any} */ (layer)[key] = all[i];
          update();
        },
      }).element;
    });
    return h(
      "li",
      { class: `block ${layer.type}` },
      h("h4", {}, layer.name),
      h("p", { class: "what" }),
      ...knobs,
      h("p", { class: "shape" }),
      h("dl", {}),
    );
  }

  function update() {
    try {
      const all = steps(network);
      const sum = totals(network);
      all.forEach(({ layer, output, parameters, multiplications }, i) => {
        const item = blocks.children[i];
        item.classList.remove("wrong");
        item.querySelector(".what")?.replaceChildren(describe(layer));
        item.querySelector(".shape")?.replaceChildren(`→ ${shapeText(output)}`);
        item
          .querySelector("dl")
          ?.replaceChildren(
            ...price("parameters", t("parameters"), parameters, sum.parameters),
            ...price("multiplications", t("multiplications"), multiplications, sum.multiplications),
          );
      });
      summary.classList.remove("wrong-mark");
      summary.replaceChildren(
        ...parts("{parameters} parameters, {multiplications} multiplications for each picture.", {
          parameters: h("strong", {}, whole(sum.parameters)),
          multiplications: h("strong", {}, rough(sum.multiplications)),
        }),
      );
      train.hidden = false;
      store.set({ built: { ...network, name: sameAsKnown(network) ?? t("yours") } });
    } catch (error) {
      summary.classList.add("wrong-mark");
      summary.textContent = t("This does not fit: {why}", {
        why: String(error instanceof Error ? error.message : error),
      });
      train.hidden = true;
      store.set({ built: null });
    }
  }
  rebuild();
}

/** @param {string} kind @param {string} name @param {number} value @param {number} total */
function price(kind, name, value, total) {
  const bar = h("span", { class: `price ${kind}`, "aria-hidden": "true" });
  bar.style.width = `${total ? (100 * value) / total : 0}%`;
  return [
    h("dt", {}, name),
    h(
      "dd",
      {},
      value ? `${rough(value)} · ${percent(value / total, 0)}` : t("none"),
      h("span", { class: "track" }, bar),
    ),
  ];
}

/** @param {Network} network */
function sameAsKnown(network) {
  return api
    .networks()
    .find(({ layers }) => JSON.stringify(layers) === JSON.stringify(network.layers))?.name;
}
