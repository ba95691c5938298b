/** Use: the learner's own digits; export, delete, and fine-tune the network on them. */

import * as api from "../../api.js";
import { hasServer } from "../../host.js";
import { h } from "../../marks/dom.js";
import { percent, signed } from "../../marks/format.js";
import { digitImage } from "../../marks/heatmap.js";
import { download, idxFiles } from "../../files.js";
import * as server from "../../server.js";
import { lookAtPicture, setStrokes, store } from "../../state.js";
import { t } from "../../texts.js";
import { twice } from "../shared.js";
import { finetune as train, isLive } from "../../training.js";

/** @param {HTMLElement} root */
export async function mount(root) {
  let follows = false; // a fine-tuning that was begun here
  const shelf = h("div", { class: "digits", role: "group", "aria-label": t("Your collection") });
  const note = h("p", { class: "note", role: "status" });
  const outcome = h("div", { role: "status" });
  const tune = h(
    "button",
    { type: "button", class: "primary", onclick: finetune },
    t("Fine-tune on these"),
  );
  const clear = twice(
    t("Delete all"),
    t("Really delete all of them?"),
    () => void api.forget().then(show, report),
  );
  const exports = h(
    "button",
    {
      type: "button",
      onclick: () =>
        api.collection().then((all) => download(idxFiles(all), "my-digits.zip"), report),
    },
    t("Export"),
  );
  const sharing = h("input", {
    type: "checkbox",
    checked: api.shares(),
    onchange: () => api.share(sharing.checked).catch(report),
  });
  root.append(shelf, note, h("div", { class: "controls" }, tune, exports, clear), outcome);
  if (hasServer()) root.append(h("p", { class: "note" }, sharingLabel(sharing), teachersLink()));

  async function show() {
    const all = await api.collection();
    shelf.replaceChildren(
      ...all.map((drawing) =>
        h(
          "div",
          { class: "kept" },
          h(
            "button",
            {
              type: "button",
              class: "thumb",
              "aria-label": t("Look at your {label}", { label: drawing.label }),
              onclick: () =>
                drawing.strokes?.length
                  ? setStrokes(drawing.strokes)
                  : lookAtPicture(Uint8Array.from(drawing.image)),
            },
            digitImage(drawing.image),
            h("span", {}, drawing.label),
          ),
          h(
            "button",
            {
              type: "button",
              class: "quiet remove",
              "aria-label": t("Delete this {label}", { label: drawing.label }),
              onclick: () => api.forget(drawing.id).then(show, report),
            },
            "×",
          ),
        ),
      ),
    );
    note.textContent = all.length
      ? all.length === 1
        ? t("1 digit of yours.")
        : t("{n} digits of yours.", { n: all.length })
      : t("Empty so far. Correct the network above, and the digit appears here.");
    tune.disabled = clear.disabled = exports.disabled = all.length === 0;
  }

  async function finetune() {
    const { model } = store.get();
    if (!model) return;
    tune.disabled = true;
    outcome.textContent = t("Learning your digits …");
    follows = true;
    try {
      const training = await train(
        { network: model.network, weights: model.weights },
        t("your hand"),
      );
      if (training.status === "done") outcome.replaceChildren(changes(training.end));
      else outcome.textContent = training.message || t("Stopped.");
    } catch (error) {
      report(error);
    } finally {
      follows = false;
      tune.disabled = false;
    }
  }

  /** @param {unknown} error */
  const report = (error) =>
    (outcome.textContent = error instanceof Error ? error.message : String(error));
  store.watch(["kept"], () => void show().catch(report));
  store.watch(["training"], ({ training }) => {
    const last = training?.points[training.points.length - 1];
    if (follows && training && isLive(training))
      outcome.textContent = last
        ? t("Learning your digits: step {step} of {steps}", {
            step: last.step,
            steps: training.steps,
          })
        : training.message || t("Learning your digits …");
  });
}

/** What is sent, where it lies, who sees it, and how to undo it. @param {HTMLInputElement} sharing */
const sharingLabel = (sharing) =>
  h(
    "label",
    {},
    sharing,
    " ",
    t(
      "Send the digits I keep to the class as well: each drawing and its label, without my name. They lie on the computer that serves this lesson, where the teacher sees them on a wall. Switched off again, they are deleted there.",
    ),
  );

/** Shown to whom it opens. */
function teachersLink() {
  const link = h("a", { href: "class", hidden: true }, t("The class's wall"));
  server.rights().then(
    ({ teacher }) => (link.hidden = !teacher),
    () => {},
  );
  return h("span", {}, " ", link);
}

/** @param {any} end with `before` and `after` */
function changes({ before, after }) {
  const row = (/** @type {string} */ name, /** @type {string} */ key) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", {}, percent(before[key], 2)),
      h("td", {}, percent(after[key], 2)),
      h("td", {}, difference(after[key] - before[key])),
    );
  const head = [t("before"), t("after"), t("change")].map((text) =>
    h("th", { scope: "col" }, text),
  );
  return h(
    "table",
    { class: "ledger finetuned" },
    h("thead", {}, h("tr", {}, h("td", {}), head)),
    h("tbody", {}, row(t("your digits"), "collection"), row(t("MNIST's test digits"), "test")),
  );
}

/** @param {number} value */
const difference = (value) =>
  Math.abs(value) < 5e-6 ? t("unchanged") : t("{n} percentage points", { n: signed(100 * value) });
