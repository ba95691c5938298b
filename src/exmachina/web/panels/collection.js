/** Use: the learner's own digits; export, delete, and fine-tune the network on them. */

import * as api from "../api.js";
import { h } from "../marks/dom.js";
import { percent } from "../marks/format.js";
import { digitImage } from "../marks/heatmap.js";
import { lookAtPicture, setStrokes, store } from "../state.js";
import { train } from "../training.js";

/** @param {HTMLElement} root */
export async function mount(root) {
  const shelf = h("div", { class: "digits", role: "group", "aria-label": "Your collection" });
  const note = h("p", { class: "note", role: "status" });
  const outcome = h("div", { role: "status" });
  const tune = h("button", { type: "button", class: "primary", onclick: finetune }, "Fine-tune on these");
  const clear = h("button", { type: "button", onclick: () => confirm("Delete your whole collection?") && api.forget().then(show, report) }, "Delete all");
  const links = api.isStatic() ? [] : (/** @type {const} */ (["png", "idx"])).map((format) => h("a", { class: "button", href: api.collectionExport(format), download: "" }, `Export as ${format.toUpperCase()}`));
  root.append(shelf, note, h("div", { class: "controls" }, api.isStatic() ? null : tune, ...links, clear), h("p", { class: "note", hidden: !api.isStatic() }, "Fine-tuning needs the lesson's server: run exmachina lesson on your computer. This copy keeps your collection in the browser."), outcome);

  async function show() {
    const all = await api.collection();
    shelf.replaceChildren(
      ...all.map((drawing) =>
        h(
          "div",
          { class: "kept" },
          h("button", { type: "button", class: "thumb", "aria-label": `Look at your ${drawing.label}`, onclick: () => (drawing.strokes?.length ? setStrokes(drawing.strokes) : lookAtPicture(Uint8Array.from(drawing.image))) }, digitImage(drawing.image), h("span", {}, drawing.label)),
          h("button", { type: "button", class: "quiet remove", "aria-label": `Delete this ${drawing.label}`, onclick: () => api.forget(drawing.id).then(show, report) }, "×"),
        ),
      ),
    );
    note.textContent = all.length ? `${all.length} digit${all.length > 1 ? "s" : ""} of yours.` : "Empty so far. Correct the network above, and the digit appears here.";
    tune.disabled = clear.disabled = all.length === 0;
    for (const link of links) link.hidden = all.length === 0;
  }

  async function finetune() {
    const { model } = store.get();
    if (!model) return;
    tune.disabled = true;
    outcome.textContent = "Learning your digits …";
    const run = api.runs().some(({ id }) => id === model.id) ? model.id : api.runs()[0]?.id;
    try {
      const training = await train({ run, snapshots: 20 }, "your hand", model.network, "finetune");
      if (training.status === "done") outcome.replaceChildren(changes(training.end));
      else outcome.textContent = training.message || "Stopped.";
    } catch (error) {
      report(error);
    } finally {
      tune.disabled = false;
    }
  }

  /** @param {unknown} error */
  const report = (error) => (outcome.textContent = error instanceof Error ? error.message : String(error));
  store.watch(["kept"], () => void show().catch(report));
}

/** @param {any} end with `before` and `after` */
function changes({ before, after }) {
  const row = (/** @type {string} */ name, /** @type {string} */ key) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, percent(before[key], 2)), h("td", {}, percent(after[key], 2)), h("td", {}, difference(after[key] - before[key])));
  const head = ["", "before", "after", ""].map((text) => h("th", { scope: "col" }, text));
  return h("table", { class: "ledger finetuned" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, row("your digits", "collection_accuracy"), row("MNIST's test digits", "test_accuracy")));
}

/** @param {number} value */
const difference = (value) => (Math.abs(value) < 5e-6 ? "unchanged" : `${value > 0 ? "+" : "−"}${percent(Math.abs(value), 2)}`);
