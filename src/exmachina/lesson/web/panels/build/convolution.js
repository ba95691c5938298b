/**
 * Build: what size, stride and padding of one convolution do, on the digit in the bar: the window hops over the sheet,
 * what lies around it is empty paper, and the map has as many places as there were hops.
 */

import { h } from "../../marks/dom.js";
import { whole } from "../../marks/format.js";
import { heatMap } from "../../marks/heatmap.js";
import { cellAt, framed, outline } from "../../marks/overlay.js";
import { reach } from "../../marks/scale.js";
import { preset } from "../../network/edit.js";
import { convolved, hops, padded } from "../../network/hops.js";
import { shapeText } from "../../network/spec.js";
import { store } from "../../state.js";
import { t } from "../../texts.js";
import { player } from "../player.js";
import { presetNames } from "../see/operate-kernel.js";
import { segments, select, slider, whileVisible } from "../shared.js";

const SIDE = 28;
const EMPTY = new Uint8Array(SIDE * SIDE);

/** @typedef {import("../../network/edit.js").Preset} Preset */
/** @typedef {"size" | "stride" | "padding"} Knob */

/** @param {HTMLElement} root */
export function mount(root) {
  const wanted = { size: 3, stride: 1, padding: 0 };
  /** @type {Preset} */
  let kernel = "vertical";
  let begun = false; // until then the whole map is shown
  const like = h("div", { class: "controls above" });
  const pictures = h("div", { class: "side-by-side" });
  const formula = h("p", { class: "mono", role: "status" });
  const told = h("p", { class: "note" });
  const knobs = {
    size: knob("size", t("Size"), 1, 9),
    stride: knob("stride", t("Stride"), 1, 4),
    padding: knob("padding", t("Padding"), 0, 4),
  };
  const walk = player({
    count: () => hops({ side: SIDE, ...wanted }).count ** 2,
    speeds: [1, 60, 12],
    label: t("Place"),
    onstep: () => {
      begun = true;
      show();
    },
  });
  const kernels = Object.entries(presetNames()).filter(([name]) => name !== "nothing");
  root.append(
    like,
    h(
      "div",
      { class: "controls above" },
      Object.values(knobs).map(({ element }) => element),
    ),
    pictures,
    walk.element,
    formula,
    told,
    h(
      "div",
      { class: "controls" },
      select(
        t("It looks for"),
        kernels.map(([value, text]) => ({ value, text })),
        kernel,
        (name) => {
          kernel = /** @type {Preset} */ (name);
          show();
        },
      ),
    ),
  );

  /** @param {Knob} name @param {string} label @param {number} min @param {number} max */
  function knob(name, label, min, max) {
    return slider({
      label,
      min,
      max,
      value: wanted[name],
      oninput: (value) => {
        wanted[name] = value;
        settle();
      },
    });
  }

  /** After a knob was turned: there are other places to go to, and the whole map is to be seen. */
  function settle() {
    begun = false;
    walk.resize();
    const { count } = hops({ side: SIDE, ...wanted });
    walk.go(Math.floor(count / 2) * (count + 1), true); // in the middle
    show();
  }

  /** The convolutions among the reader's blocks, to take the settings from. @param {import("../../state.js").State} state */
  function offer({ built }) {
    const all = (built?.layers ?? []).filter(({ type }) => type === "Conv2D");
    const choices = all.map((layer) => ({ value: layer, text: layer.name }));
    like.hidden = choices.length === 0;
    if (choices.length === 0) return;
    const same = all.find(({ kernel: size = 3, stride = 1, padding = 0 }) =>
      [size === wanted.size, stride === wanted.stride, padding === wanted.padding].every(Boolean),
    );
    like.replaceChildren(
      t("Like the block"),
      segments(t("Like the block"), choices, same ?? all[0], take),
    );
    take(same ?? all[0]);
  }

  /** @param {import("../../network/spec.js").Layer} layer */
  function take({ kernel: size = 3, stride = 1, padding = 0 }) {
    Object.assign(wanted, { size, stride, padding });
    for (const name of /** @type {Knob[]} */ (Object.keys(knobs))) knobs[name].set(wanted[name]);
    settle();
  }

  function show() {
    const { size, stride, padding } = wanted;
    const { count, left } = hops({ side: SIDE, ...wanted });
    const wide = SIDE + 2 * padding;
    const sheet = padded(store.get().image ?? EMPTY, SIDE, padding);
    const weights = preset(kernel, new Array(size * size).fill(1 / size));
    const map = convolved(sheet, wide, weights.some(Boolean) ? weights : [1], wanted);
    const at = Math.min(walk.at(), count * count - 1);
    const [y, x] = [Math.floor(at / count), at % count];
    walk.describe((place) =>
      t("row {y}, column {x}", { y: Math.floor(place / count), x: place % count }),
    );
    const before = framed(
      heatMap(sheet, {
        width: wide,
        height: wide,
        scale: "pixel",
        max: 255,
        label: t("The digit with {padding} pixels of empty paper around it", { padding }),
      }),
    );
    outline(
      before,
      padding
        ? {
            top: padding,
            left: padding,
            bottom: padding + SIDE - 1,
            right: padding + SIDE - 1,
            kind: "guide",
          }
        : null,
      {
        top: y * stride,
        left: x * stride,
        bottom: y * stride + size - 1,
        right: x * stride + size - 1,
      },
    );
    // What the window has not reached yet is not written yet.
    const after = framed(
      heatMap(begun ? map.map((value, i) => (i <= at ? value : 0)) : map, {
        width: count,
        height: count,
        scale: "signed",
        max: reach(map),
        label: t("Its map, {count} × {count}", { count }),
      }),
    );
    outline(after, { top: y, left: x, bottom: y, right: x });
    const canvas = /** @type {HTMLCanvasElement} */ (after.querySelector("canvas"));
    after.addEventListener("pointerdown", (event) => {
      const cell = cellAt(canvas, event);
      walk.pause();
      walk.go(cell.y * count + cell.x);
    });
    pictures.replaceChildren(
      h("figure", {}, before, h("figcaption", {}, shapeText([wide, wide]))),
      h("figure", {}, after, h("figcaption", {}, shapeText([count, count]))),
    );
    const room = `(28 + 2·${padding} − ${size}) / ${stride}`;
    formula.textContent = `${left ? `⌊${room}⌋` : room} + 1 = ${count}`; // only whole hops count
    told.textContent = [
      t("{hops} hops of {stride} in each direction, and the place it starts from: {count}.", {
        hops: count - 1,
        stride,
        count,
      }),
      left ? t("The last {left} rows and columns are never looked at.", { left }) : "",
      t("Each map costs {weights} weights and {work} multiplications for each map before it.", {
        weights: whole(size * size),
        work: whole(size * size * count * count),
      }),
    ]
      .filter(Boolean)
      .join(" ");
  }

  root.classList.add("hopping");
  settle();
  whileVisible(root, ["built"], offer);
  whileVisible(root, ["image", "theme"], show);
}
