import { h } from "./dom.js";
import { fixed } from "./format.js";
import { heatMap } from "./heatmap.js";
import { t } from "../texts.js";

/**
 * What the colours mean: a strip from the lowest value to the highest.
 * @param {import("./scale.js").Scale} scale
 * @param {number} max
 * @param {{low?: string, high?: string, name?: string}} [options]
 */
export function legend(scale, max, { low, high, name } = {}) {
  const strip = Float32Array.from({ length: 65 }, (_, i) =>
    scale === "signed" ? (i - 32) / 32 : i / 64,
  );
  const canvas = heatMap(strip, { width: 65, height: 1, scale, max: 1 });
  const lowText = low ?? (scale === "signed" ? fixed(-max) : "0");
  return h(
    "div",
    { class: "legend" },
    name && h("span", { class: "name" }, name),
    h("span", {}, lowText),
    canvas,
    scale === "signed" && h("span", { class: "unseen" }, t("through 0 to")),
    h("span", {}, high ?? fixed(max)),
  );
}
