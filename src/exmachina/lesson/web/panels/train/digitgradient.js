/** Train: a weight's gradient on one digit: what it saw at each place, times the gradient there, all added up. */

import { h } from "../../marks/dom.js";
import { significant } from "../../marks/format.js";
import { heatMap } from "../../marks/heatmap.js";
import { legend } from "../../marks/legend.js";
import { reach } from "../../marks/scale.js";
import { standardize } from "../../network/forward.js";
import { usesOf } from "../../network/gradient.js";
import { count, steps } from "../../network/spec.js";
import { t } from "../../texts.js";

/**
 * @typedef {{network: import("../../network/spec.js").Network, image: Uint8Array, label: number,
 *   explained: {values: Float32Array[], gradients: Float32Array[]}}} Traced
 */

export function onTheDigit() {
  const maps = h("div", { class: "product-maps" });
  const text = h("p", { class: "note", role: "status" });
  /** @type {Traced | null} */
  let traced = null;

  /** @param {import("./weightchooser.js").Chosen | null} chosen */
  function move(chosen) {
    if (!traced || !chosen) {
      maps.replaceChildren();
      text.textContent = t("Draw or choose a digit to see this weight's gradient on it.");
      return;
    }
    const { network, image, label, explained } = traced;
    const { input, output, layer } = steps(network)[chosen.index];
    const inputs =
      chosen.index > 0 ? explained.values[chosen.index - 1] : standardize(network, image);
    const [, height, width] = output;
    const [places, area] = [height * width, count(input) / input[0]];
    const uses = usesOf(input, output, layer, chosen.tap);
    const saw = Float32Array.from(uses, (at) => (at < 0 ? 0 : inputs[chosen.channel * area + at]));
    const from = chosen.filter * places;
    const gradient = explained.gradients[chosen.index].subarray(from, from + places);
    const products = saw.map((value, i) => value * gradient[i]);
    const sum = products.reduce((total, product) => total + product, 0);
    const size = { width, height };
    maps.replaceChildren(
      map(t("what the weight saw"), saw, size),
      h("span", { class: "sign" }, "×"),
      map(t("gradient at that place"), gradient, size),
      h("span", { class: "sign" }, "="),
      map(t("product"), products, size),
    );
    text.textContent = t(
      "On the digit shown, as a {label}, before any step here: the {places} products add up to ∂loss / ∂w = {sum}.",
      {
        label,
        places,
        sum: significant(sum, 3),
      },
    );
  }

  return {
    element: h("div", { class: "digit-gradient" }, maps, text),
    move,
    /** @param {Traced | null} next @param {import("./weightchooser.js").Chosen | null} chosen */
    render(next, chosen) {
      traced = next;
      move(chosen);
    },
  };
}

/** @param {string} name @param {Float32Array} values @param {{width: number, height: number}} size */
function map(name, values, size) {
  const max = reach(values);
  const extent = significant(max);
  return h(
    "figure",
    {},
    heatMap(values, {
      ...size,
      scale: "signed",
      max,
      label: t("{name}, up to {size}", { name, size: extent }),
    }),
    legend("signed", max, { low: `±${extent}`, high: "" }),
    h("figcaption", { class: "note" }, name),
  );
}
