/** What the panels of the Doubt chapter share: the evaluation of the finished run in use. */

import * as api from "../../api.js";
import { h } from "../../marks/dom.js";
import { assess } from "../../network/assess.js";
import { testReader } from "../../reader.js";
import { isOperated, store } from "../../state.js";
import { t } from "../../texts.js";
import { latest, whileVisible } from "../shared.js";

/** @type {Map<string, Promise<any>>} */
const known = new Map();

/**
 * Call `render` with the run's evaluation whenever another run is used.
 * @param {HTMLElement} root
 * @param {(evaluation: any, id: string) => Node[] | Promise<Node[]>} render
 */
export function whenEvaluated(root, render) {
  let shown = "";
  whileVisible(root, ["model"], () => {
    const { model, moment } = store.get();
    if (model && isOperated(store.get())) return void showEdited();
    if (shown === EDITED) shown = "";
    // A moment of training has no evaluation of its own; the finished run's stays on show.
    const id =
      model && !moment && api.runs().some((run) => run.id === model.id)
        ? model.id
        : shown || api.runs()[0]?.id;
    if (!id || id === shown) return;
    const once = known.get(id) ?? api.evaluation(id);
    known.set(id, once);
    once.catch(() => known.delete(id));
    fill(id, once);
  });

  /** An edited network is read anew, beside the page. */
  const showEdited = latest(async () => {
    const { model } = store.get();
    if (model && isOperated(store.get())) await fill(EDITED, evaluateEdited(model));
  });

  /** @param {string} id @param {Promise<any>} evaluation */
  async function fill(id, evaluation) {
    shown = id;
    root.setAttribute("aria-busy", "true");
    if (!root.hasChildNodes())
      root.append(h("p", { class: "note" }, t("Reading all 10,000 test digits …")));
    try {
      const nodes = await render(await evaluation, id);
      if (shown === id) root.replaceChildren(...nodes);
    } catch (error) {
      shown = "";
      const reason = error instanceof Error ? error.message : String(error);
      root.replaceChildren(
        h(
          "p",
          { class: "note" },
          t("There is no evaluation of this network: {why}", { why: reason }),
        ),
      );
    }
    root.removeAttribute("aria-busy");
  }
}

const EDITED = "edited";
const reader = testReader(10_000);
/** @type {WeakMap<import("../../api.js").Model, Promise<any>>} */
const edited = new WeakMap();

/** @param {import("../../api.js").Model} model */
function evaluateEdited(model) {
  const once =
    edited.get(model) ??
    reader.read(model).then(({ logits, labels }) =>
      assess(
        logits.map((z) => z / model.temperature),
        labels,
      ),
    );
  edited.set(model, once);
  return once;
}
