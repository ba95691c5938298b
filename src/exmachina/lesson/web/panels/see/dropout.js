/** See: dropout acting on the last hidden layer; the same digit read twenty times with different holes. */

import { h } from "../../marks/dom.js";
import { percent } from "../../marks/format.js";
import { mosaicLayout, paintMosaic } from "../../marks/mosaic.js";
import { reach } from "../../marks/scale.js";
import { generator, readWithHoles } from "../../network/dropout.js";
import { argmax } from "../../network/forward.js";
import { store } from "../../state.js";
import { slider, whileVisible } from "../shared.js";
import { t } from "../../texts.js";

const READINGS = 20;

/** @param {HTMLElement} root */
export function mount(root) {
  let rate = 0.5;
  let seed = 1;
  const canvas = h("canvas", { class: "heat mosaic", role: "img" });
  const outcome = h("div", {});
  const again = h(
    "button",
    {
      type: "button",
      onclick: () => {
        seed += READINGS;
        show(store.get());
      },
    },
    t("Other holes"),
  );
  const amount = slider({
    label: t("Silenced"),
    min: 0,
    max: 0.9,
    step: 0.05,
    value: rate,
    format: (v) => percent(v, 0),
    oninput: (v) => {
      rate = v;
      show(store.get());
    },
  });
  root.append(canvas, h("div", { class: "controls" }, amount.element, again), outcome);

  /** @param {import("../../state.js").State} state */
  function show({ model, image }) {
    if (!model || !image)
      return void outcome.replaceChildren(
        h("p", { class: "note" }, t("Draw or choose a digit first.")),
      );
    const readings = Array.from({ length: READINGS }, (_, i) =>
      readWithHoles(model.network, model.weights, image, rate, generator(seed + i)),
    );
    const { before, kept } = readings[0];
    // What is silenced is shown as a negative value would be: it is not merely 0, it is taken away.
    const shown = before.map((value, i) => (kept[i] === 0 && value !== 0 ? -value : value));
    canvas.setAttribute(
      "aria-label",
      t("The {n} values before the last layer; the silenced ones in blue", { n: before.length }),
    );
    paintMosaic(canvas, shown, mosaicLayout([before.length], Math.min(32, before.length)), {
      scale: "signed",
      max: reach(before),
    });
    const counts = new Map();
    for (const { probabilities } of readings)
      counts.set(argmax(probabilities), (counts.get(argmax(probabilities)) ?? 0) + 1);
    const ranking = [...counts]
      .sort((a, b) => b[1] - a[1])
      .map(([digit, count]) => `${count} × ${digit}`);
    outcome.replaceChildren(
      h(
        "p",
        { class: "note" },
        t("The values before the last layer. Blue: seen, but silenced this time."),
      ),
      h(
        "ol",
        { class: "readings", "aria-label": t("Twenty readings") },
        readings.map(({ probabilities }) =>
          h(
            "li",
            {},
            argmax(probabilities),
            h("small", {}, percent(probabilities[argmax(probabilities)], 0)),
          ),
        ),
      ),
      h("p", { role: "status" }, t("Twenty readings: {ranking}.", { ranking: ranking.join(", ") })),
    );
  }
  whileVisible(root, ["model", "image", "theme"], show);
}
