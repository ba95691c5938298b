/** Use: draw, drop or choose a picture; say what it should have been. */

import * as api from "../../api.js";
import { h } from "../../marks/dom.js";
import { forward } from "../../network/forward.js";
import { greyscale, holdsSeveral, lookAgain, overPaper, prepare } from "../../network/photo.js";
import { judge, trust } from "../../network/rejector.js";
import { lookAtPicture, store } from "../../state.js";
import { mount as mountPad } from "../pad.js";
import { mount as mountReading } from "../reading.js";
import { segments, tenDigits, whileVisible } from "../shared.js";
import { t } from "../../texts.js";
import { dropZone } from "./drop.js";

const MAX_PIXELS = 25e6;
const BAND = 256; // rows
const PREVIEW = 560; // pixels of the longer side

/** @param {HTMLElement} root */
export function mount(root) {
  const pad = h("div", {});
  const reading = h("div", {});
  mountPad(pad);
  mountReading(reading);
  const drop = dropZone("picture-file", t("Choose a picture"), read);
  const status = h("p", { class: "note", role: "status" });
  const photo = h("figure", { class: "photo", hidden: true });
  const correct = h("div", { class: "correct" });
  root.append(
    h(
      "div",
      { class: "hero-stage" },
      h("div", {}, pad, drop, photo),
      h("div", {}, reading, correct, status),
    ),
  );

  /** @param {File} picture */
  async function read(picture) {
    status.textContent = t("Reading it …");
    try {
      const bitmap = await decoded(picture);
      showPhoto(bitmap);
      const levels = await levelsOf(bitmap);
      lookAtPicture(believed(prepare(levels), lookAgain(levels)));
      if (holdsSeveral(levels))
        status.textContent = t(
          "This picture seems to hold several digits, and at most one of them was read. Choose it below as a whole page, and all of them are.",
        );
      else if (store.get().image) status.textContent = "";
      else
        status.textContent = t(
          "There is no digit to be seen in this picture. One dark digit on light paper works best.",
        );
    } catch (error) {
      photo.hidden = true;
      lookAtPicture(null); // no old answer beside a picture that it is not about
      status.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  /** The picture as it came, beside what the network gets of it. @param {ImageBitmap} bitmap */
  function showPhoto(bitmap) {
    const canvas = reduced(bitmap, PREVIEW, t("Your picture"));
    photo.replaceChildren(canvas, h("figcaption", { class: "note" }, t("Your picture")));
    photo.hidden = false;
  }

  whileVisible(root, ["image", "source"], ({ image, source, strokes }) => {
    correct.hidden = !image;
    if (source.kind !== "picture") photo.hidden = true;
    correct.replaceChildren(
      t("Keep it in your collection, as a …"),
      segments(t("Which digit it is"), tenDigits(), -1, async (label) => {
        const drawn = source.kind === "drawing" ? strokes : null;
        if (image) await keepDigit(status, { label, strokes: drawn, image: Array.from(image) });
      }),
    );
  });
}

/**
 * Of two looks at a picture the one that the network in use takes for the likelier digit; not a one that only the second
 * look finds, for any line on paper looks like one.
 * @param {Uint8Array | null} first
 * @param {Uint8Array | null} second
 */
function believed(first, second) {
  const { model } = store.get();
  if (!second || !model?.rejector) return first;
  const { network, weights, temperature } = model;
  const read = (/** @type {Uint8Array} */ image) =>
    judge(model, forward(network, weights, image, { temperature }));
  const again = read(second);
  return again.digit !== 1 && trust(again) > (first ? trust(read(first)) : 0) ? second : first;
}

/**
 * Keep a digit in the reader's collection, and say so.
 * @param {HTMLElement} status
 * @param {Parameters<typeof api.keep>[0]} digit
 * @returns {Promise<boolean>} whether it was kept
 */
export async function keepDigit(status, digit) {
  try {
    await api.keep(digit);
    status.textContent = t("Kept as a {label} in your collection below.", { label: digit.label });
    store.set({ kept: (store.get().kept ?? 0) + 1 });
    return true;
  } catch (error) {
    status.textContent = error instanceof Error ? error.message : String(error);
    return false;
  }
}

/** @param {Blob} picture @returns {Promise<ImageBitmap>} */
export async function decoded(picture) {
  const bitmap = await createImageBitmap(picture, { colorSpaceConversion: "none" }).catch(() => {
    throw new Error(
      isHeic(picture)
        ? t(
            "This is a HEIC photo, which this browser cannot open. On the phone, take a screenshot of it and choose that, or let the camera save JPEG: Settings, Camera, Formats, Most Compatible.",
          )
        : t("This is not a picture that the browser can read; save it as PNG or JPEG."),
    );
  });
  const { width, height } = bitmap;
  if (width * height > MAX_PIXELS)
    throw new Error(
      t(
        "The picture has {width} × {height} pixels; the limit is {millions} million. Save it smaller.",
        {
          width,
          height,
          millions: MAX_PIXELS / 1e6,
        },
      ),
    );
  return bitmap;
}

/**
 * A picture no larger than `most` pixels a side; what is transparent in it is `paper`.
 * @param {ImageBitmap} bitmap
 * @param {number} most
 * @param {string} label
 * @param {string} paper
 */
export function reduced(bitmap, most, label, paper = "transparent") {
  const scale = Math.min(1, most / Math.max(bitmap.width, bitmap.height));
  const canvas = h("canvas", {
    width: Math.max(1, Math.round(bitmap.width * scale)),
    height: Math.max(1, Math.round(bitmap.height * scale)),
    role: "img",
    "aria-label": label,
  });
  const context = canvas.getContext("2d");
  if (context) {
    context.imageSmoothingQuality = "high";
    context.fillStyle = paper;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  }
  return canvas;
}

/** @param {Blob & {name?: string}} picture */
const isHeic = ({ type, name = "" }) => /hei[cf]/.test(type) || /\.hei[cf]$/i.test(name);

/**
 * A picture's brightness as the library takes it, read in bands so that a large photo fits into a phone's memory.
 * @param {ImageBitmap} bitmap
 */
async function levelsOf(bitmap) {
  const { width, height } = bitmap;
  const canvas = h("canvas", { width, height: Math.min(height, BAND) });
  const context = /** @type {CanvasRenderingContext2D} */ (
    canvas.getContext("2d", { willReadFrequently: true })
  );
  const [luma, alpha] = [new Uint8Array(width * height), new Uint8Array(width * height)];
  for (let top = 0; top < height; top += BAND) {
    const rows = Math.min(BAND, height - top);
    context.clearRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, -top);
    greyscale(context.getImageData(0, 0, width, rows).data, luma, alpha, top * width);
  }
  bitmap.close();
  return { height, width, pixels: overPaper(luma, alpha) };
}
