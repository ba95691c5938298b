/** Use: the files of the run in use, and the lines that read a digit with it. */

import * as api from "../../api.js";
import { download, safetensors } from "../../files.js";
import { h } from "../../marks/dom.js";
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
          ? t(
              "Put both files into one folder, and a picture called seven.png beside them; run this there.",
            )
          : t(
              "This one comes with the package. Put the three files into one folder, and you can load that instead of the name.",
            ),
      ),
      h(
        "pre",
        { tabIndex: 0, role: "region", "aria-label": t("Example in Python") },
        h("code", {}, mine ? fromWeights(mine) : byName(run.id)),
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

/** @typedef {Pick<import("../../training.js").Training, "name" | "network" | "weights">} Own */

/** @param {Own} training */
function ownFiles(training) {
  const file = (
    /** @type {string} */ name,
    /** @type {() => Uint8Array} */ content,
    /** @type {string} */ what,
  ) =>
    h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "quiet", onclick: () => download(content(), name) },
        name,
      ),
      ` ${what}`,
    );
  return h(
    "ul",
    {},
    file("model.safetensors", () => safetensors(training.weights ?? {}), t("the weights")),
    file(
      "network.json",
      () => new TextEncoder().encode(JSON.stringify(training.network, null, 1)),
      t("its layers"),
    ),
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
const fromWeights = ({ name }) =>
  [
    "import json",
    "import exmachina",
    "from safetensors.numpy import load_file",
    "",
    'network = exmachina.Network.from_json(json.load(open("network.json")))',
    'weights = load_file("model.safetensors")',
    `run = exmachina.Run(network, weights, {"name": ${JSON.stringify(name)}})`,
    'run.save("runs/mine")',
    'print(exmachina.Classifier.load("runs/mine").predict("seven.png"))',
  ].join("\n");
