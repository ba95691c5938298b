/** Train: the loss of the digit traced back, layer by layer, from the ten answers to the pixels. */

import { h } from "../../marks/dom.js";
import { fixed, percent, signed, significant } from "../../marks/format.js";
import { legend } from "../../marks/legend.js";
import { mosaicLayout, paintMosaic } from "../../marks/mosaic.js";
import { reach } from "../../marks/scale.js";
import { inspector } from "../../inspector.js";
import { argmax } from "../../network/forward.js";
import { softmax } from "../../network/layers.js";
import { describe, shapeText, steps } from "../../network/spec.js";
import { store } from "../../state.js";
import { t } from "../../texts.js";
import { player } from "../player.js";
import { segments, tenDigits, whileVisible } from "../shared.js";

const REST = 200; // milliseconds that the pen must rest
const NARROW = "(max-width: 620px)"; // where the stations are a strip
const MAPS = /** @type {const} */ (["values", "gradient"]);

/** @typedef {{values: Float32Array[], gradients: Float32Array[], pixels: Float32Array}} Explained */
/** @typedef {{name: string, element: HTMLElement, paint: (reached: boolean) => void}} Station */

/** @param {HTMLElement} root */
export function mount(root) {
  const engine = inspector();
  let asked = -1; // the label that the reader wants, or the digit's own
  let built = "";
  let busy = false;
  let timer = 0;
  /** @type {Station[]} */
  let stations = [];
  /** @type {Explained | null} */
  let explained = null;
  const fact = h("p", { class: "fact", role: "status" }, t("Tracing the loss back …"));
  const answers = h("li", { class: "station answers" });
  const list = h("ol", {
    class: "stations scroll",
    tabIndex: matchMedia(NARROW).matches ? 0 : -1,
    "aria-label": t("The way back, layer by layer"),
  });
  const travel = player({
    count: () => stations.length + 1,
    speeds: [1, 8, 2],
    label: t("How far back"),
    onstep: (at) => {
      paint(at);
      if (matchMedia(NARROW).matches)
        list.scrollTo({ left: at ? stations[at - 1].element.offsetLeft - list.offsetLeft : 0 });
    },
  });
  travel.element.hidden = true; // until there is something to travel through
  const labels = tenDigits([{ value: -1, text: t("Its label") }], (i) =>
    t("Suppose it is a {i}", { i }),
  );
  root.append(
    h(
      "div",
      { class: "controls above" },
      t("Suppose the right digit is"),
      segments(t("The right digit, for the gradient"), labels, -1, (digit) => {
        asked = digit;
        request();
      }),
    ),
    fact,
    list,
    travel.element,
  );

  const label = () => {
    const { source, result } = store.get();
    return asked >= 0 ? asked : (source.label ?? (result ? argmax(result.logits) : 0));
  };

  /** Lay out one station for each layer, last first. @param {import("../../api.js").Model} model */
  function build({ network }) {
    const key = JSON.stringify(network);
    if (key === built) return;
    built = key;
    travel.element.hidden = false;
    const all = steps(network);
    stations = all
      .map(({ layer, output }, index) => ({ layer, output, index }))
      .filter(({ layer, index }) => !passesOn(layer) && index < all.length - 1)
      .reverse()
      .map(({ layer, output, index }) =>
        station(layer.name, `${shapeText(output)}, ${describe(layer)}`, output, (part) =>
          part === "values" ? explained?.values[index] : explained?.gradients[index],
        ),
      );
    stations.push(
      station(
        t("pixels"),
        t("28 × 28, what a little more ink would do"),
        network.input_shape,
        (part) =>
          part === "values"
            ? store.get().image && Float32Array.from(store.get().image ?? [], (v) => v / 255)
            : explained?.pixels,
      ),
    );
    list.replaceChildren(answers, ...stations.map(({ element }) => element));
    travel.resize();
    travel.go(stations.length, true);
  }

  /** Ask for the gradients of what is shown now, once the pen rests; one question at a time. */
  function request() {
    clearTimeout(timer);
    timer = window.setTimeout(async () => {
      const { model, image } = store.get();
      if (!model || !image) return show();
      if (busy) return request();
      busy = true;
      try {
        const { network, weights } = model;
        explained = await engine.ask("explain", { network, weights, image, label: label() });
        build(model);
        show();
      } catch (error) {
        fact.textContent = error instanceof Error ? error.message : String(error);
      }
      busy = false;
    }, REST);
  }

  function show() {
    const { image } = store.get();
    if (!image || !explained) {
      fact.textContent = t("Draw or choose a digit first.");
      list.hidden = travel.element.hidden = true;
      return;
    }
    list.hidden = travel.element.hidden = false;
    const logits = explained.values[explained.values.length - 1];
    const right = label();
    const probabilities = softmax(logits);
    fact.textContent = t(
      "The network gives the {digit} a probability of {share}: a loss of {loss}.",
      {
        digit: right,
        share: percent(probabilities[right], 2),
        loss: significant(-Math.log(Math.max(probabilities[right], 1e-30)), 3),
      },
    );
    const errors = explained.gradients[explained.gradients.length - 1];
    answers.replaceChildren(errorTable(logits, probabilities, errors, right));
    paint(travel.at());
  }

  /** @param {number} reached stations */
  function paint(reached) {
    stations.forEach((station, i) => station.paint(i < reached));
    travel.describe((at) =>
      at === 0 ? t("at the answer") : t("at {layer}", { layer: stations[at - 1]?.name ?? "" }),
    );
  }

  whileVisible(root, ["model", "image", "source"], request);
  whileVisible(root, ["theme"], () => explained && paint(travel.at()));
}

/** Layers that hand everything on as it is. @param {import("../../network/spec.js").Layer} layer */
const passesOn = ({ type }) => type === "Flatten" || type === "Dropout";

/**
 * Scores, probabilities, the label as ones and zeros, and the difference, where the way back begins.
 * @param {Float32Array} logits
 * @param {Float32Array} probabilities
 * @param {Float32Array} errors
 * @param {number} right
 */
function errorTable(logits, probabilities, errors, right) {
  const head = [t("digit"), t("score"), "p", "y", "p − y"].map((text) =>
    h("th", { scope: "col" }, text),
  );
  const rows = Array.from(errors, (error, digit) =>
    h(
      "tr",
      { class: digit === right ? "strong" : "" },
      h("th", { scope: "row" }, digit),
      h("td", {}, fixed(logits[digit], 2)),
      h("td", {}, fixed(probabilities[digit], 4)),
      h("td", {}, digit === right ? "1" : "0"),
      h("td", {}, signed(error, 4)),
    ),
  );
  return h(
    "table",
    { class: "ledger errors" },
    h("caption", {}, t("Where it begins: the gradient with respect to the scores")),
    h("thead", {}, h("tr", {}, head)),
    h("tbody", {}, rows),
  );
}

/**
 * A layer's values and, beside them, the gradient, each with its scale.
 * @param {string} name
 * @param {string} text
 * @param {number[]} shape
 * @param {(part: "values" | "gradient") => Float32Array | null | undefined} read
 * @returns {Station}
 */
function station(name, text, shape, read) {
  const layout = mosaicLayout(shape, acrossFor(shape));
  const empty = new Float32Array(layout.channels * layout.width * layout.height);
  const maps = MAPS.map((part) => {
    const canvas = h("canvas", { class: "heat mosaic", role: "img" });
    const scale = h("div", {});
    const caption = part === "values" ? t("values") : t("gradient");
    return {
      part,
      canvas,
      scale,
      element: h("div", {}, h("p", { class: "note" }, caption), canvas, scale),
    };
  });
  const element = h(
    "li",
    { class: "station" },
    h("p", { class: "layer-name" }, h("strong", {}, name), h("span", {}, text)),
    h(
      "div",
      { class: "pair" },
      maps.map((map) => map.element),
    ),
  );
  return {
    name,
    element,
    paint(reached) {
      element.classList.toggle("unreached", !reached);
      for (const { part, canvas, scale } of maps) {
        const values = (part === "values" || reached ? read(part) : null) ?? empty;
        const kind = part === "gradient" || values.some((v) => v < 0) ? "signed" : "ink";
        const max = reach(values);
        paintMosaic(canvas, values, layout, { scale: kind, max });
        const size = significant(max);
        canvas.setAttribute(
          "aria-label",
          part === "values"
            ? t("{layer}: values up to {size}", { layer: name, size })
            : reached
              ? t("{layer}: gradient of the loss, up to {size} either way", { layer: name, size })
              : t("{layer}: the gradient has not come this far", { layer: name }),
        );
        scale.replaceChildren(
          part === "values" || reached
            ? legend(kind, max, { low: kind === "signed" ? `−${size}` : "0", high: size })
            : legend("signed", 1, { low: " ", high: " " }),
        );
      }
    },
  };
}

/** How many maps stand side by side. @param {number[]} shape */
const acrossFor = ([channels, height = 1]) =>
  height === 1 ? Math.ceil(Math.sqrt(channels)) : Math.min(channels, channels <= 16 ? 4 : 8);
