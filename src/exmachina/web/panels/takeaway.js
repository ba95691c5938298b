/** Use: the files of the run in use, and the lines that read a digit with it. */

import * as api from "../api.js";
import { h } from "../marks/dom.js";
import { store } from "../state.js";

/** @param {HTMLElement} root */
export function mount(root) {
  store.watch(["model"], ({ model }) => {
    const id = model && api.runs().some((run) => run.id === model.id) ? model.id : api.runs()[0]?.id;
    if (!id) return;
    const file = (/** @type {string} */ name, /** @type {string} */ what) => h("li", {}, h("a", { href: api.runFile(id, name), download: name }, name), ` ${what}`);
    root.replaceChildren(
      h("ul", {}, file("model.safetensors", "the weights"), file("model.onnx", "the whole network, for any ONNX runtime"), file("run.json", "how it was trained, down to the seed")),
      h("pre", { tabIndex: 0, role: "region", "aria-label": "Example in Python" }, h("code", {}, ["import exmachina", "", `reader = exmachina.Classifier.load("${id}")`, 'answer = reader.predict("seven.png")', "print(answer.digit, answer.probability)"].join("\n"))),
    );
  });
}
