/** Doubt: many equally good networks, one test set, and the best of them reported. */

import { h, svg } from "../../marks/dom.js";
import { fixed, percent, whole } from "../../marks/format.js";
import { generator } from "../../network/dropout.js";
import { luckyCount } from "../../network/statistics.js";
import { slider } from "../shared.js";
import { t } from "../../texts.js";

const TRUE = 0.99; // what every one of them would score on digits without end

/** @param {HTMLElement} root */
export function mount(root) {
  let trials = 20;
  let n = 1000;
  let seed = 1;
  const picture = h("div", {});
  const text = h("p", { role: "status" });
  const sizes = [200, 500, 1000, 2000, 5000, 10000];
  root.append(
    picture,
    h(
      "div",
      { class: "controls" },
      slider({
        label: t("Trials"),
        min: 1,
        max: 100,
        value: trials,
        oninput: (v) => {
          trials = v;
          show();
        },
      }).element,
      slider({
        label: t("Test digits"),
        min: 0,
        max: sizes.length - 1,
        value: sizes.indexOf(n),
        format: (i) => whole(sizes[i]),
        oninput: (i) => {
          n = sizes[i];
          show();
        },
      }).element,
      h(
        "button",
        {
          type: "button",
          onclick: () => {
            seed++;
            show();
          },
        },
        t("Other luck"),
      ),
    ),
    text,
  );

  function show() {
    const random = generator(seed * 7919);
    const scores = Array.from({ length: trials }, () => luckyCount(TRUE, n, random) / n);
    const best = Math.max(...scores);
    const [from, to] = [0.97, 1];
    const x = (/** @type {number} */ v) =>
      40 + ((Math.max(from, Math.min(to, v)) - from) / (to - from)) * 560;
    const stack = new Map();
    const dots = scores.map((score) => {
      const at = Math.round(x(score) / 8) * 8;
      const height = stack.get(at) ?? 0;
      stack.set(at, height + 1);
      return svg("circle", {
        class: score === best ? "dot" : "dot faint",
        cx: at,
        cy: 150 - 8 * height,
        r: 3.6,
      });
    });
    picture.replaceChildren(
      svg(
        "svg",
        {
          class: "chart fixed",
          viewBox: "0 0 640 190",
          role: "img",
          "aria-label": t("{trials} scores around 99 %, the best {best}", {
            trials,
            best: percent(best, 2),
          }),
        },
        svg("line", { class: "grid", x1: 40, x2: 600, y1: 156, y2: 156 }),
        ...[0.97, 0.98, 0.99, 1].map((v) =>
          svg("text", { class: "tick", x: x(v), y: 176, "text-anchor": "middle" }, percent(v, 0)),
        ),
        svg("line", { class: "at", x1: x(TRUE), x2: x(TRUE), y1: 30, y2: 156 }),
        svg(
          "text",
          { class: "tick", x: x(TRUE), y: 22, "text-anchor": "middle" },
          t("the truth about all of them"),
        ),
        ...dots,
        svg(
          "text",
          { class: "name main", x: x(best), y: 60, "text-anchor": best > 0.99 ? "end" : "middle" },
          t("reported: {best}", { best: percent(best, 2) }),
        ),
      ),
    );
    text.textContent = t(
      "Networks, all exactly as good: {trials}; each measured on {n} digits. The best looks {points} percentage points better than it is.",
      { trials, n: whole(n), points: fixed(100 * (best - TRUE), 2) },
    );
  }
  show();
}
