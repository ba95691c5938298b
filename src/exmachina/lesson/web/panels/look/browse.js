/** Look: pages of digits, of one kind if wanted; choosing one makes it the digit that every figure shows. */

import * as dataset from "../../dataset.js";
import { h } from "../../marks/dom.js";
import { digitImage } from "../../marks/heatmap.js";
import { lookAt, lookAtIndex, store } from "../../state.js";
import { roving, segments, tenDigits } from "../shared.js";
import { t } from "../../texts.js";

const PAGE = matchMedia("(max-width: 620px)").matches ? 28 : 60; // digits on show

/** @param {HTMLElement} root */
export async function mount(root) {
  /** @type {{split: "train" | "test", digit: number | null, offset: number}} */
  let view = { split: "test", digit: null, offset: 0 };
  const grid = h("div", {
    class: "digits",
    role: "group",
    "aria-label": t("Digits to choose from"),
  });
  const where = h("p", { class: "note", role: "status" });
  const back = h(
    "button",
    { type: "button", onclick: () => show({ offset: Math.max(0, view.offset - PAGE) }) },
    t("← Back"),
  );
  const more = h(
    "button",
    { type: "button", onclick: () => show({ offset: view.offset + PAGE }) },
    t("More →"),
  );
  const number = h("input", {
    type: "number",
    min: "0",
    id: "image-number",
    onchange: () => number.value && jump(Math.max(0, Math.round(Number(number.value)))),
  });
  const splits = segments(
    t("Which pictures"),
    [
      { value: "test", text: t("Test") },
      { value: "train", text: t("Training") },
    ],
    "test",
    (split) => show({ split: /** @type {"train" | "test"} */ (split), offset: 0 }),
  );
  const every = tenDigits([{ value: -1, text: t("All") }], (i) => t("Only {i}", { i }));
  const kinds = segments(t("Which digit"), every, -1, (digit) =>
    show({ digit: digit < 0 ? null : digit, offset: 0 }),
  );
  root.append(
    h("div", { class: "controls above" }, splits, kinds),
    grid,
    h(
      "div",
      { class: "controls" },
      back,
      more,
      h("label", { class: "number" }, t("Number"), " ", number),
      where,
    ),
  );

  roving(grid);

  /** Look at an image by its number; where all are shown, among its neighbours. @param {number} index */
  async function jump(index) {
    const count = dataset.countOf(view.split);
    const inside = Math.min(index, count - 1);
    number.value = String(inside);
    await lookAtIndex(view.split, inside);
    if (view.digit === null) await show({ offset: PAGE * Math.floor(inside / PAGE) });
  }

  /** @param {Partial<typeof view>} change */
  async function show(change) {
    view = { ...view, ...change };
    const asked = view;
    const digits = await dataset.digits(view.split, {
      offset: view.offset,
      limit: PAGE,
      digit: view.digit,
    });
    if (asked !== view) return; // something else was asked for meanwhile
    grid.replaceChildren(...digits.map((digit) => thumbnail(view.split, digit)));
    back.disabled = view.offset === 0;
    more.disabled = digits.length < PAGE;
    const first = digits[0]?.index,
      last = digits[digits.length - 1]?.index;
    where.textContent = digits.length
      ? view.split === "train"
        ? t("Training images {first} to {last}", { first, last })
        : t("Test images {first} to {last}", { first, last })
      : t("No more of these here.");
    mark();
  }

  function mark() {
    const { source } = store.get();
    for (const button of grid.querySelectorAll("button")) {
      const chosen = source.kind === view.split && button.dataset.index === String(source.index);
      button.setAttribute("aria-pressed", String(chosen));
    }
  }
  store.watch(["source"], mark);
  await show({});
}

/**
 * A digit to choose.
 * @param {"train" | "test"} split
 * @param {import("../../dataset.js").Digit} digit
 * @param {string} [caption]
 */
export function thumbnail(split, digit, caption = String(digit.label)) {
  const { index, label } = digit;
  const name =
    split === "train"
      ? t("training image {index}, labelled {label}", { index, label })
      : t("test image {index}, labelled {label}", { index, label });
  const button = h(
    "button",
    {
      type: "button",
      class: "thumb",
      title: name,
      "aria-label": `${caption}: ${name}`,
      onclick: () => lookAt(split, digit),
    },
    digitImage(digit.pixels),
    h("span", {}, caption),
  );
  button.dataset.index = String(digit.index);
  return button;
}
