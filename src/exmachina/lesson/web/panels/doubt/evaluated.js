/** What the panels of the Doubt chapter share: the evaluation of the finished run in use. */

import * as api from "../../api.js";
import { h } from "../../marks/dom.js";
import { store } from "../../state.js";
import { whileVisible } from "../shared.js";

/** @type {Map<string, Promise<any>>} */
const known = new Map();

/**
 * Call `render` with the run's evaluation whenever another run is used.
 * @param {HTMLElement} root
 * @param {(evaluation: any, id: string) => Node[] | Promise<Node[]>} render
 */
export function whenEvaluated(root, render) {
  let shown = "";
  whileVisible(root, ["model"], async () => {
    const { model, moment } = store.get();
    // A moment of training has no evaluation of its own; the finished run's stays on show.
    const id =
      model && !moment && api.runs().some((run) => run.id === model.id)
        ? model.id
        : shown || api.runs()[0]?.id;
    if (!id || id === shown) return;
    shown = id;
    root.setAttribute("aria-busy", "true");
    if (!root.hasChildNodes())
      root.append(h("p", { class: "note" }, "Reading all 10,000 test digits …"));
    try {
      const once = known.get(id) ?? api.evaluation(id);
      known.set(id, once);
      const nodes = await render(await once, id);
      if (shown === id) root.replaceChildren(...nodes);
    } catch (error) {
      known.delete(id);
      shown = "";
      root.replaceChildren(
        h(
          "p",
          { class: "note" },
          `There is no evaluation of this network: ${error instanceof Error ? error.message : error}`,
        ),
      );
    }
    root.removeAttribute("aria-busy");
  });
}
