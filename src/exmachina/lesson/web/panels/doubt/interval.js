/** Doubt: the same accuracy with more or fewer test digits, and the interval that it stands for. */

import * as api from "../../api.js";
import { h, svg } from "../../marks/dom.js";
import { percent, whole } from "../../marks/format.js";
import { wilson } from "../../network/statistics.js";
import { store } from "../../state.js";
import { slider, whileVisible } from "../shared.js";
import { parts, t } from "../../texts.js";

const SIZES = [50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000];

const STARTS = [0, 0.5, 0.8, 0.9, 0.95, 0.98]; // of the axis: the interval takes as much of it as it can

/** @param {HTMLElement} root */
export function mount(root) {
  let n = 10000;
  const picture = h("div", {});
  const text = h("p", { role: "status" });
  const size = slider({
    label: t("Test digits"),
    min: 0,
    max: SIZES.length - 1,
    value: SIZES.indexOf(n),
    format: (i) => whole(SIZES[i]),
    oninput: (i) => {
      n = SIZES[i];
      show();
    },
  });
  root.append(picture, h("div", { class: "controls" }, size.element), text);

  function show() {
    const { model } = store.get();
    const accuracy =
      model?.testAccuracy ??
      api.runs().find(({ test_accuracy }) => test_accuracy)?.test_accuracy ??
      0.99;
    const [low, high] = wilson(Math.round(accuracy * n), n);
    const from = STARTS.findLast((start) => start <= low) ?? 0;
    const ticks = Array.from({ length: 6 }, (_, i) => from + ((1 - from) * i) / 5);
    const x = (/** @type {number} */ v) => 40 + ((v - from) / (1 - from)) * 560;
    const tick = (/** @type {number} */ v) => [
      svg("line", { class: "grid", x1: x(v), x2: x(v), y1: 20, y2: 90 }),
      svg(
        "text",
        { class: "tick", x: x(v), y: 108, "text-anchor": "middle" },
        percent(v, from < 0.95 ? 0 : 1),
      ),
    ];
    picture.replaceChildren(
      svg(
        "svg",
        {
          class: "chart fixed",
          viewBox: "0 0 640 120",
          role: "img",
          "aria-label": t("From {low} to {high}", { low: percent(low, 2), high: percent(high, 2) }),
        },
        ...ticks.flatMap(tick),
        svg("rect", {
          class: "area",
          x: x(low),
          y: 40,
          width: Math.max(1, x(high) - x(low)),
          height: 30,
        }),
        svg("line", { class: "at", x1: x(accuracy), x2: x(accuracy), y1: 30, y2: 80 }),
        svg(
          "text",
          { class: "name main", x: x(accuracy), y: 24, "text-anchor": "middle" },
          percent(accuracy, 2),
        ),
      ),
    );
    text.replaceChildren(
      ...parts(
        "{percent} right of {n} digits stands for anything from {low} to {high}, with 95 % confidence. And only for digits by the same kind of writers.",
        {
          percent: percent(accuracy, 2),
          n: whole(n),
          low: h("strong", {}, percent(low, 2)),
          high: h("strong", {}, percent(high, 2)),
        },
      ),
    );
  }
  whileVisible(root, ["model"], show);
}
