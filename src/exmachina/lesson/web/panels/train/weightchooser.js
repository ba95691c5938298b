/** Train: which weight of which kernel is looked at, with its kernel and that kernel's gradient around it. */

import { h } from "../../marks/dom.js";
import { matrix } from "../../marks/matrix.js";
import { raised, significant } from "../../marks/format.js";
import { reach } from "../../marks/scale.js";
import { steps } from "../../network/spec.js";
import { t } from "../../texts.js";
import { arrow, select, slider } from "../shared.js";

/**
 * @typedef {{index: number, filter: number, channel: number, tap: number, kernel: number, position: number}} Chosen
 *   `index` of the layer, `tap` in the kernel, `position` in the layer's weights (F, C, k, k)
 */

/** @param {() => void} onchange */
export function weightChooser(onchange) {
  let used = "";
  /** @type {{name: string, index: number, kernel: number, channels: number, filters: number}[]} */
  let layers = [];
  let [at, filter, channel, tap] = [0, 0, 0, 0];
  /** @type {import("../../network/safetensors.js").Weights} */
  let slopes = {};
  const controls = h("div", { class: "controls above" });
  const weights = h("div", {});
  const gradient = h("div", {});
  const unit = h("p", { class: "note" });
  const grid = h(
    "div",
    { class: "kernel-grid", role: "application", tabIndex: 0, onkeydown: move, onclick: point },
    h("p", { class: "note" }, t("its kernel")),
    weights,
    unit,
    gradient,
  );

  /** @param {KeyboardEvent} event */
  function move(event) {
    const by = layers.length > 0 && arrow(event);
    if (!by) return;
    const { kernel } = layers[at];
    const inside = (/** @type {number} */ v) => Math.max(0, Math.min(kernel - 1, v));
    tap = inside(Math.floor(tap / kernel) + by[0]) * kernel + inside((tap % kernel) + by[1]);
    onchange();
  }

  /** @param {MouseEvent} event */
  function point(event) {
    const cell = /** @type {Element} */ (event.target).closest("td");
    const row = /** @type {HTMLTableRowElement | null} */ (cell?.parentElement ?? null);
    if (!cell || !row) return;
    tap = row.rowIndex * layers[at].kernel + cell.cellIndex;
    onchange();
  }

  function rebuild() {
    const { filters, channels } = layers[at];
    controls.replaceChildren(
      select(
        t("Layer"),
        layers.map(({ name }, i) => ({ value: String(i), text: name })),
        String(at),
        (value) => {
          at = Number(value);
          chooseSteepest();
        },
      ),
      counter(t("Kernel"), filters, filter, (next) => (filter = next)),
      ...(channels > 1
        ? [counter(t("of its input map"), channels, channel, (next) => (channel = next))]
        : []),
      h("button", { type: "button", onclick: chooseSteepest }, t("The steepest of this layer")),
    );
  }

  /** @param {string} label @param {number} count @param {number} value @param {(next: number) => void} choose */
  function counter(label, count, value, choose) {
    const options = { label, min: 0, max: count - 1, value };
    return slider({
      ...options,
      oninput: (next) => {
        choose(next);
        onchange();
      },
    }).element;
  }

  function chooseSteepest() {
    steepest();
    const { activeElement } = document;
    const place = [...controls.querySelectorAll("select, button")].indexOf(
      /** @type {Element} */ (activeElement),
    );
    rebuild();
    if (place >= 0)
      /** @type {HTMLElement} */ (controls.querySelectorAll("select, button")[place]).focus();
    onchange();
  }

  /** The weight whose gradient is largest where the optimizers set out. */
  function steepest() {
    const { name, kernel, channels } = layers[at];
    const { values } = slopes[`${name}.weight`];
    let best = 0;
    for (let i = 1; i < values.length; i++)
      if (Math.abs(values[i]) > Math.abs(values[best])) best = i;
    tap = best % kernel ** 2;
    channel = Math.floor(best / kernel ** 2) % channels;
    filter = Math.floor(best / kernel ** 2 / channels);
  }

  /** @returns {Chosen} */
  function chosen() {
    const { index, kernel, channels } = layers[at];
    const position = (filter * channels + channel) * kernel ** 2 + tap;
    return { index, filter, channel, tap, kernel, position };
  }

  return {
    controls,
    element: grid,
    chosen,
    tensor: () => `${layers[at].name}.weight`,

    /**
     * Another network, or other weights of it.
     * @param {import("../../network/spec.js").Network} network
     * @param {import("../../network/safetensors.js").Weights} gradients
     * @returns {boolean} whether it is another network
     */
    use(network, gradients) {
      slopes = gradients;
      const key = JSON.stringify(network);
      if (key === used) return false;
      used = key;
      layers = steps(network).flatMap(({ layer, input, output }, index) =>
        layer.type === "Conv2D"
          ? [
              {
                name: layer.name,
                index,
                kernel: layer.kernel ?? 3,
                channels: input[0],
                filters: output[0],
              },
            ]
          : [],
      );
      if (layers.length === 0) throw new Error(t("This network has no kernels to look at."));
      at = 0;
      steepest();
      rebuild();
      return true;
    },

    /** @param {import("./optimizers.js").Looked} looked */
    render({ weights: values, gradient: slope }) {
      const { kernel, position, tap: strong } = chosen();
      const from = position - strong;
      const part = (/** @type {Float32Array} */ all) => all.subarray(from, from + kernel ** 2);
      const options = { strong: [strong] };
      weights.replaceChildren(
        matrix(part(values), kernel, {
          ...options,
          decimals: 3,
          max: reach(values),
          label: t("Weights of the kernel"),
        }),
      );
      // All in one power of ten, which is said once: the numbers keep their width.
      const power = Math.floor(Math.log10(reach(part(slope))));
      unit.textContent = t("∂loss / ∂w of each, in {unit}", { unit: `10${raised(power)}` });
      gradient.replaceChildren(
        matrix(
          part(slope).map((g) => g / 10 ** power),
          kernel,
          {
            ...options,
            label: t("Gradient of the loss with respect to each of these weights"),
          },
        ),
      );
      grid.setAttribute(
        "aria-label",
        t(
          "Row {row}, column {column} of the kernel: weight {weight}, gradient {slope}. Arrow keys choose another.",
          {
            row: Math.floor(strong / kernel),
            column: strong % kernel,
            weight: significant(values[position], 3),
            slope: significant(slope[position], 3),
          },
        ),
      );
    },
  };
}
