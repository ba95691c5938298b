/** Doubt: many equally good networks, one test set, and the best of them reported. */

import { h, svg } from "../../marks/dom.js";
import { fixed, percent, whole } from "../../marks/format.js";
import { generator } from "../../network/dropout.js";
import { luckyCount } from "../../network/statistics.js";
import { slider } from "../shared.js";
import { t } from "../../texts.js";

const TRUE = 0.99; // what every one of them would score on digits without end

const FLOOR = 166; // where the dots stand
const ROOM = 104; // for the highest stack of them
const COLUMN = 8; // width of a stack

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
    const [from, to] = [Math.min(0.97, Math.floor(100 * Math.min(...scores)) / 100), 1];
    const x = (/** @type {number} */ v) => 40 + ((v - from) / (to - from)) * 560;
    const places = scores.map((score) => Math.round(x(score) / COLUMN) * COLUMN);
    const highest = Math.max(...places.map((at) => places.filter((other) => other === at).length));
    const rise = Math.min(COLUMN, ROOM / highest); // of a dot upon the one below
    const stack = new Map();
    const dots = scores.map((score, i) => {
      const below = stack.get(places[i]) ?? 0;
      stack.set(places[i], below + 1);
      return svg("circle", {
        class: score === best ? "dot" : "dot faint",
        cx: places[i],
        cy: FLOOR - 6 - rise * below,
        r: 0.45 * rise,
      });
    });
    const luckiest = Math.round(x(best) / COLUMN) * COLUMN;
    const better = best >= TRUE;
    const reported = t("reported: {best}", { best: percent(best, 2) });
    const wide = (matchMedia("(max-width: 620px)").matches ? 12.5 : 7.5) * reported.length;
    const ticks = Array.from(
      { length: Math.round(100 * (to - from)) + 1 },
      (_, i) => from + i / 100,
    );
    picture.replaceChildren(
      svg(
        "svg",
        {
          class: "chart fixed",
          viewBox: "0 0 640 200",
          role: "img",
          "aria-label": t("{trials} scores around 99 %, the best {best}", {
            trials,
            best: percent(best, 2),
          }),
        },
        svg("line", { class: "grid", x1: 40, x2: 600, y1: FLOOR, y2: FLOOR }),
        ...ticks.map((v) =>
          svg(
            "text",
            { class: "tick", x: x(v), y: FLOOR + 24, "text-anchor": "middle" },
            percent(v, 0),
          ),
        ),
        svg("line", { class: "at", x1: x(TRUE), x2: x(TRUE), y1: 8, y2: FLOOR }),
        svg(
          "text",
          { class: "tick", x: x(TRUE) - 8, y: 22, "text-anchor": "end" },
          t("the truth about all of them"),
        ),
        svg("line", {
          class: "grid",
          x1: luckiest,
          x2: luckiest,
          y1: 52,
          y2: FLOOR - 10 - rise * (stack.get(luckiest) - 1),
        }),
        ...dots,
        svg(
          "text",
          {
            class: "name main haloed",
            // above its own dot, as far as there is room beside the truth
            x: better
              ? Math.min(Math.max(luckiest, x(TRUE) + 8 + wide / 2), 640 - wide / 2)
              : Math.min(luckiest, x(TRUE) - 8 - wide / 2),
            y: 46,
            "text-anchor": "middle",
          },
          reported,
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
