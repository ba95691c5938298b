/** See, the overview: what a stage is called, and a sum in one line. */

import { h } from "../../marks/dom.js";
import { fixed, signed } from "../../marks/format.js";
import { t } from "../../texts.js";

const NAMED = 3; // sources that are named

/**
 * What a stage is called: its mixing layer, its maps, and what follows.
 * @param {import("../../network/spec.js").Step[]} all @param {import("../../network/stages.js").Stage} stage
 */
export function heading(all, { from, to }) {
  const [count, height, width] = all[to].output;
  const then = all
    .slice(from + 1, to + 1)
    .filter(({ layer }) => layer.type !== "Dropout")
    .map(({ layer }) => layer.name);
  return h(
    "p",
    { class: "layer-name" },
    h("strong", {}, all[from].layer.name),
    h(
      "span",
      {},
      height
        ? t("{count} maps, {height} × {width}", { count, height, width })
        : t("{count} units", { count }),
    ),
    then.length > 0 && h("span", {}, t("after {layers}", { layers: then.join(", ") })),
  );
}

/**
 * The sum in one line, its strongest sources first.
 * @param {import("../../network/neuron.js").Sum} sum @param {import("../../network/stages.js").Neuron} neuron
 * @param {{deep: boolean, open: () => void}} options `deep`: its sources are maps or units, not the digit itself; `open`
 *   lets the figure of the whole sum show this one
 */
export function inWords({ layer, terms, bias, sum }, { channel, y, x }, { deep, open }) {
  const named = deep ? terms.slice(0, NAMED) : terms;
  const rest = terms.slice(named.length).reduce((total, term) => total + term.sum, 0);
  const source =
    terms[0]?.rows * terms[0]?.columns > 1 || layer.type === "Conv2D" ? t("map") : t("unit");
  const place = layer.type === "Conv2D" ? t(", row {y}, column {x}", { y, x }) : "";
  const parts = named.map((term) =>
    deep
      ? t("{value} from {source} {n}", { value: signed(term.sum), source, n: term.index })
      : t("{value} from the pixels", { value: signed(term.sum) }),
  );
  if (terms.length > named.length)
    parts.push(
      t("{value} from {n} others", { value: signed(rest), n: terms.length - named.length }),
    );
  parts.push(t("{value} bias", { value: signed(bias) }));
  return [
    h("strong", {}, `${layer.name} ${channel}`),
    `${place}: `,
    h("span", { class: "mono" }, fixed(sum)),
    ` = ${parts.join(", ")}. `,
    h("a", { href: "#neuron", onclick: open }, t("See every product")),
  ];
}
