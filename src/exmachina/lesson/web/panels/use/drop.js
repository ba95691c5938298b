/** A place to choose a picture from the device, or to drop one on. */

import { h } from "../../marks/dom.js";
import { t } from "../../texts.js";

/**
 * @param {string} id of the input
 * @param {string} label
 * @param {(picture: File) => unknown} read
 */
export function dropZone(id, label, read) {
  const file = h("input", {
    type: "file",
    accept: "image/*",
    class: "unseen",
    id,
    onchange: () => file.files?.[0] && read(file.files[0]),
  });
  const drop = h(
    "div",
    { class: "drop" },
    h("label", { class: "button", for: id }, label),
    file,
    h("span", { class: "note droppable" }, t("or drop one here")),
  );
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    const picture = event.dataTransfer?.files[0];
    if (picture) read(picture);
  });
  return drop;
}
