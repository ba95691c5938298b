/** The wall: everybody's digits, the newest first; the teacher can take one down. */

import { h } from "../marks/dom.js";
import { whole } from "../marks/format.js";
import { digitImage } from "../marks/heatmap.js";
import { twice } from "../panels/shared.js";
import * as server from "../server.js";
import { t } from "../texts.js";

const SHOWN = 240; // more are shown when asked for

/** @param {HTMLElement} root @param {import("./main.js").Store} store @param {() => Promise<void>} refresh */
export function mountWall(root, store, refresh) {
  let most = SHOWN;
  /** @type {Map<number, HTMLElement>} */
  const tiles = new Map();
  const count = h("p", { class: "lead", role: "status" });
  const wall = h("div", {
    class: "digits wall",
    role: "group",
    "aria-label": t("The class's digits"),
  });
  const more = h(
    "button",
    {
      type: "button",
      onclick: () => {
        most = Infinity;
        show(store.get());
      },
    },
    "",
  );
  const clear = twice(
    t("Take all down"),
    t("Take all drawings down, for good?"),
    () => void act(undefined),
  );
  const trouble = h("p", { class: "note", role: "status" });
  root.append(count, wall, h("div", { class: "controls" }, more, clear), trouble);

  /** @param {number | undefined} id */
  async function act(id) {
    try {
      await server.takeDown(id);
      await refresh();
      trouble.textContent = "";
    } catch (error) {
      trouble.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  /** @param {import("./drawings.js").Drawing} drawing @param {boolean} fresh */
  function tile({ id, label, image }, fresh) {
    return h(
      "div",
      { class: fresh ? "kept fresh" : "kept" },
      digitImage(image, t("A {label}", { label })),
      h("span", { "aria-hidden": "true" }, label),
      h(
        "button",
        {
          type: "button",
          class: "quiet remove",
          "aria-label": t("Take this {label} down", { label }),
          title: t("Take this {label} down", { label }),
          onclick: () => act(id),
        },
        "×",
      ),
    );
  }

  let first = true;
  /** @param {import("./main.js").State} state */
  function show({ drawings, learners }) {
    count.textContent =
      drawings.length === 0
        ? t("Nobody has sent a digit yet. They appear here by themselves.")
        : learners === 1
          ? t("{n} from one browser.", { n: digits(drawings.length) })
          : t("{n} from {learners} browsers.", { n: digits(drawings.length), learners });
    const shown = drawings.slice(-Math.min(most, drawings.length)).reverse();
    const ids = new Set(shown.map(({ id }) => id));
    for (const [id, element] of tiles)
      if (!ids.has(id)) {
        element.remove();
        tiles.delete(id);
      }
    /** @type {HTMLElement | null} */
    let before = null;
    for (const drawing of shown) {
      const element = tiles.get(drawing.id) ?? tile(drawing, !first);
      if (!tiles.has(drawing.id)) {
        if (before) before.after(element);
        else wall.prepend(element);
        tiles.set(drawing.id, element);
      }
      before = element;
    }
    first = false;
    more.hidden = shown.length === drawings.length;
    more.textContent = t("Show all {n}", { n: whole(drawings.length) });
    clear.hidden = drawings.length === 0;
  }
  store.watch(["drawings", "learners"], show);
}

/** @param {number} n */
const digits = (n) => (n === 1 ? t("One digit") : t("{n} digits", { n: whole(n) }));
