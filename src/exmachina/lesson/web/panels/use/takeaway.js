/** Use: the files of the run in use, and the lines that read a digit with it. */

import * as api from "../../api.js";
import { download } from "../../files.js";
import { h } from "../../marks/dom.js";
import { percent } from "../../marks/format.js";
import { folderName, runArchive } from "../../run.js";
import * as server from "../../server.js";
import { isOperated, store } from "../../state.js";
import { t } from "../../texts.js";

/** @param {HTMLElement} root */
export function mount(root) {
  store.watch(["model", "finished"], (state) => {
    const { model } = state;
    const known = api.runs().find(({ id }) => id === model?.id);
    const run = known ?? api.runs()[0];
    if (!run || !model) return;
    const mine = isOperated(state)
      ? { name: t("edited"), network: model.network, weights: model.weights }
      : api.ownRuns().find(({ id }) => id === run.id);
    root.replaceChildren(
      mine ? ownFiles(mine) : shippedFiles(run.id),
      h(
        "p",
        { class: "note" },
        mine
          ? t("Unpack it, put a picture called seven.png beside the folder, and run this there.")
          : t(
              "This one comes with the package. Put the three files into one folder, and you can load that instead of the name.",
            ),
      ),
      h(
        "pre",
        { tabIndex: 0, role: "region", "aria-label": t("Example in Python") },
        h("code", {}, mine ? fromArchive(mine) : byName(run.id)),
      ),
    );
  });
}

/** @param {string} id */
function shippedFiles(id) {
  const file = (/** @type {string} */ name, /** @type {string} */ what) =>
    h("li", {}, h("a", { href: api.runFile(id, name), download: name }, name), ` ${what}`);
  return h(
    "ul",
    {},
    file("model.safetensors", t("the weights")),
    file("model.onnx", t("the whole network, for any ONNX runtime")),
    file("run.json", t("how it was trained, down to the seed")),
  );
}

/** @typedef {import("../../run.js").Whole} Own */

/** @param {Own} training */
function ownFiles(training) {
  const name = folderName(training);
  const status = h("p", { class: "note", role: "status" });
  const save = h(
    "button",
    { type: "button", hidden: true, onclick: keepOnHost },
    t("Save it on this computer"),
  );
  server.rights().then(
    ({ saves }) => (save.hidden = !saves),
    () => {}, // who cannot be asked does not save
  );

  async function keepOnHost() {
    save.disabled = true;
    status.textContent = t("Measuring it on all 10,000 test digits …");
    try {
      const kept = await server.saveRun(runArchive(training));
      status.textContent = t(
        "Kept as {name} in {folder}. The server measured {accuracy} itself; the page lists the run from its next load on.",
        { name: kept.name, folder: kept.folder, accuracy: percent(kept.test_accuracy, 2) },
      );
    } catch (error) {
      status.textContent = error instanceof Error ? error.message : String(error);
      save.disabled = false;
    }
  }

  return h(
    "div",
    {},
    h(
      "p",
      {},
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          onclick: () => download(runArchive(training), `${name}.zip`),
        },
        `${name}.zip`,
      ),
      " ",
      t("a folder of two files: the weights, and how they were trained, down to the seed"),
    ),
    save,
    status,
  );
}

/** @param {string} id */
const byName = (id) =>
  [
    "import exmachina",
    "",
    `reader = exmachina.Classifier.load("${id}")`,
    'answer = reader.predict("seven.png")',
    "print(answer.digit, answer.probability)",
  ].join("\n");

/** @param {Own} training */
const fromArchive = (training) => {
  const folder = folderName(training);
  return [
    "import exmachina",
    "",
    "# the unpacked folder",
    `reader = exmachina.Classifier.load("${folder}")`,
    'answer = reader.predict("seven.png")',
    "print(answer.digit, answer.probability)",
    "",
    "# adds model.onnx, for any ONNX runtime",
    `run = exmachina.Run.load("${folder}")`,
    `run.save("${folder}")`,
  ].join("\n");
};
