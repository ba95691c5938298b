/**
 * See: operate on the network. Maps switched off, small weights pruned, kernels written by hand; what becomes of a
 * thousand test digits and of the reader's own is seen at once.
 */

import { h } from "../../marks/dom.js";
import { percent, whole } from "../../marks/format.js";
import { countWeights, UNEDITED } from "../../network/edit.js";
import { isOperated, operate, store, undoOperation } from "../../state.js";
import { t } from "../../texts.js";
import { slider, whileVisible } from "../shared.js";
import { mountKernel } from "./operate-kernel.js";
import { mountMaps } from "./operate-maps.js";
import { mountOutcome } from "./operate-outcome.js";

/** @param {HTMLElement} root */
export function mount(root) {
  root.classList.add("operate");
  const outcome = h("div", { class: "operated", role: "group", "aria-label": t("What it does") });
  const tools = [mountPruning, mountMaps, mountKernel].map((mountTool) => {
    const tool = h("div", { class: "tool" });
    mountTool(tool);
    return tool;
  });
  const result = h("div", { class: "result" });
  mountOutcome(result);
  outcome.append(result, ways(root));
  root.append(outcome, h("div", { class: "tools-of-operation" }, tools));
}

/** The ways back. @param {HTMLElement} root */
function ways(root) {
  const undo = h("button", { type: "button", onclick: undoOperation }, t("Undo"));
  const reset = h(
    "button",
    { type: "button", class: "reset", onclick: () => operate(UNEDITED) },
    t("As it was"),
  );
  whileVisible(root, ["model", "operation"], (state) => {
    undo.disabled = !state.operation?.before.length;
    reset.disabled = !isOperated(state);
  });
  return h("div", { class: "controls" }, undo, reset);
}

/** @param {HTMLElement} root */
function mountPruning(root) {
  const share = slider({
    label: t("Set to zero"),
    min: 0,
    max: 99,
    value: 0,
    format: (v) => percent(v / 100, 0),
    oninput: (v) =>
      operate({ ...(store.get().operation?.edits ?? UNEDITED), pruned: v / 100 }, "pruned"),
  });
  const count = h("p", { class: "note" });
  root.append(
    h("h4", {}, t("Prune the smallest weights")),
    h(
      "p",
      { class: "note" },
      t("All weights of the network in one line, by their size: the smallest are set to zero."),
    ),
    h("div", { class: "controls" }, share.element),
    count,
  );
  whileVisible(root, ["model", "operation"], ({ model, operation }) => {
    if (!model) return;
    share.set(Math.round(100 * (operation?.edits.pruned ?? 0)));
    const { all, zero } = countWeights(model.network, model.weights);
    count.textContent = t("{zero} of {all} weights are zero.", {
      zero: whole(zero),
      all: whole(all),
    });
  });
}
