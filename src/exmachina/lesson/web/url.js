/**
 * The state worth sharing, in the address: which network and what was done to it, which digit or drawing, which neuron.
 */

import { runs } from "./api.js";
import { decodeEdits, encodeEdits, isEdited } from "./network/edit.js";
import {
  focusOn,
  focusOnStrongest,
  lookAtIndex,
  operate,
  setStrokes,
  store,
  useRun,
} from "./state.js";

const FIRST_DIGIT = 257; // where the introduction of 2018 ended

/** Set the page up as the address says; whatever is missing or wrong is left at its default. */
export async function restore() {
  const query = new URLSearchParams(location.search);
  const known = runs().map(({ id }) => id);
  const wanted = query.get("run") ?? "fast";
  const run = known.includes(wanted) ? wanted : known.includes("fast") ? "fast" : known[0];
  if (run) await useRun(run);
  const whole = store.get().model;
  const edits = whole && decodeEdits(query.get("edits") ?? "", whole.network);
  if (edits && isEdited(edits)) operate(edits);
  const strokes = decodeStrokes(query.get("drawing") ?? "");
  if (strokes.length) setStrokes(strokes);
  else {
    const split = query.has("train") ? "train" : "test";
    await lookAtIndex(split, Number(query.get(split) ?? FIRST_DIGIT)).catch(() =>
      lookAtIndex("test", FIRST_DIGIT),
    );
  }
  const model = store.get().model;
  const [name, channel, y, x] = (query.get("neuron") ?? "").split(".");
  const layer = model ? model.network.layers.findIndex((item) => item.name === name) : -1;
  if (layer >= 0)
    focusOn({ layer, channel: Number(channel) || 0, y: Number(y) || 0, x: Number(x) || 0 });
  else if (model) focusOnLater(model.network.layers);
}

/** Begin at the strongest neuron of the second convolution. @param {import("./network/spec.js").Layer[]} layers */
function focusOnLater(layers) {
  const convolutions = layers.flatMap(({ type }, i) => (type === "Conv2D" ? i : []));
  store.watch(["result"], ({ result }) => {
    if (!result || began) return;
    began = true;
    focusOnStrongest(convolutions[1] ?? convolutions[0] ?? 0);
  });
}
let began = false;

/** Keep the address up to date. */
export function remember() {
  let timer = 0;
  store.watch(["model", "operation", "source", "strokes", "focus"], () => {
    clearTimeout(timer);
    timer = window.setTimeout(write, 400);
  });
}

/** Bring the address up to date now. */
export function write() {
  const { model, moment, operation, source, strokes, focus } = store.get();
  const query = new URLSearchParams();
  if (model && model.id !== "fast") query.set("run", model.id);
  // A moment of a training is not in the address, so neither is what was done to it.
  if (operation && isEdited(operation.edits) && !moment)
    query.set("edits", encodeEdits(operation.edits));
  if (
    (source.kind === "test" || source.kind === "train") &&
    !(source.kind === "test" && source.index === FIRST_DIGIT)
  ) {
    query.set(source.kind, String(source.index));
  }
  if (strokes.length) query.set("drawing", encodeStrokes(strokes));
  if (model && focus.layer + focus.channel + focus.y + focus.x > 0) {
    query.set(
      "neuron",
      [model.network.layers[focus.layer].name, focus.channel, focus.y, focus.x].join("."),
    );
  }
  const text = query.toString();
  history.replaceState(null, "", `${location.pathname}${text ? `?${text}` : ""}${location.hash}`);
}

/** Two characters a number in base 36, strokes joined by a dash. @param {number[][][]} strokes */
export function encodeStrokes(strokes) {
  const digits = (/** @type {number} */ value) =>
    Math.max(0, Math.min(1295, Math.round(value)))
      .toString(36)
      .padStart(2, "0");
  return strokes.map((stroke) => stroke.map(([x, y]) => digits(x) + digits(y)).join("")).join("-");
}

/** @param {string} text @returns {number[][][]} */
export function decodeStrokes(text) {
  if (!/^[0-9a-z-]+$/.test(text) || text.length > 20_000) return [];
  return text
    .split("-")
    .map((stroke) =>
      (stroke.match(/.{4}/g) ?? []).map((point) => [
        parseInt(point.slice(0, 2), 36),
        parseInt(point.slice(2), 36),
      ]),
    )
    .filter((stroke) => stroke.length > 0);
}
