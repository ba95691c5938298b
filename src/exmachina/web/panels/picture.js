/** Use: draw, drop or choose a picture; say what it should have been. */

import * as api from "../api.js";
import { h } from "../marks/dom.js";
import { stages } from "../network/normalize.js";
import { lookAtPicture, store } from "../state.js";
import { mount as mountPad } from "./pad.js";
import { mount as mountReading } from "./reading.js";
import { segments, whileVisible } from "./shared.js";

/** @param {HTMLElement} root */
export function mount(root) {
  const pad = h("div", {});
  const reading = h("div", {});
  mountPad(pad);
  mountReading(reading);
  const file = h("input", { type: "file", accept: "image/png,image/jpeg", class: "unseen", id: "picture-file", onchange: () => file.files?.[0] && read(file.files[0]) });
  const drop = h("div", { class: "drop" }, h("label", { class: "button", for: "picture-file" }, "Choose a picture"), file, h("span", { class: "note" }, "or drop one here"));
  const said = h("p", { class: "note", role: "status" });
  const correct = h("div", { class: "correct" }, "It should have been a …");
  root.append(h("div", { class: "hero-stage" }, h("div", {}, pad, drop), h("div", {}, reading, correct, said)));

  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    const picture = event.dataTransfer?.files[0];
    if (picture) read(picture);
  });

  /** @param {File} picture */
  async function read(picture) {
    said.textContent = "Reading it …";
    try {
      const image = api.isStatic() ? await prepareHere(picture) : Uint8Array.from((await api.predictPicture(picture, serverRun())).image);
      if (!image || !image.some(Boolean)) said.textContent = "There is no digit to be seen in this picture.";
      else {
        lookAtPicture(image);
        said.textContent = "";
      }
    } catch (error) {
      said.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  whileVisible(root, ["image", "source"], ({ image, source, strokes }) => {
    correct.hidden = !image;
    correct.replaceChildren("It should have been a …", segments("It should have been", Array.from({ length: 10 }, (_, i) => ({ value: i, text: String(i) })), -1, async (label) => {
      if (!image) return;
      try {
        await api.keep({ label, strokes: source.kind === "drawing" ? strokes : null, image: Array.from(image) });
        said.textContent = `Kept as a ${label} in your collection below.`;
        store.set({ kept: (store.get().kept ?? 0) + 1 });
      } catch (error) {
        said.textContent = error instanceof Error ? error.message : String(error);
      }
    }));
  });
}

/** The run whose preparation the server should use; a moment of training has none. */
function serverRun() {
  const { model } = store.get();
  return api.runs().some(({ id }) => id === model?.id) ? String(model?.id) : (api.runs()[0]?.id ?? "fast");
}

/**
 * A picture of a digit on even paper, prepared without a server: grey, the ink bright, then as any drawing.
 * @param {Blob} picture
 */
async function prepareHere(picture) {
  const bitmap = await createImageBitmap(picture);
  const factor = Math.min(1, 400 / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [Math.max(1, Math.round(bitmap.width * factor)), Math.max(1, Math.round(bitmap.height * factor))];
  const canvas = h("canvas", { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const grey = Uint8Array.from({ length: width * height }, (_, i) => Math.round(0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]));
  const border = grey.filter((_, i) => i < width || i >= width * (height - 1) || i % width === 0 || i % width === width - 1).sort();
  const paper = border[border.length >> 1];
  const darker = paper - grey.reduce((a, b) => Math.min(a, b), 255);
  const lighter = grey.reduce((a, b) => Math.max(a, b), 0) - paper;
  const span = Math.max(darker, lighter);
  if (span < 16) return null;
  const sign = darker > lighter ? -1 : 1;
  const pixels = grey.map((value) => Math.max(0, Math.min(255, Math.round((sign * (value - paper) * 255) / span))));
  return stages({ height, width, pixels })?.centre.pixels ?? null;
}
