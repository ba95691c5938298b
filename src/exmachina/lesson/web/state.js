/**
 * What the page knows, and the few ways in which it changes.
 *
 * @typedef {import("./api.js").Model} Model
 * @typedef {import("./network/edit.js").Edits} Edits
 * @typedef {import("./network/forward.js").Result} Result
 * @typedef {{kind: "test" | "train" | "drawing" | "picture", index?: number, label?: number}} Source
 * @typedef {{layer: number, channel: number, y: number, x: number}} Focus the neuron that is looked at
 * @typedef {{training: string, step: number}} Moment of a training whose weights are shown
 * @typedef {{base: Model, edits: Edits, before: Edits[], latest: string}} Operation on a network; `before`: the edits
 *   to go back to, `latest`: what was done last
 * @typedef {{model: Model | null, moment: Moment | null, operation: Operation | null, image: Uint8Array | null, source: Source, result: Result | null,
 *   strokes: number[][][], pen: number, focus: Focus, built: import("./network/spec.js").Network | null, own: boolean, error: string,
 *   training: import("./training.js").Training | null, compared: import("./training.js").Training | null,
 *   finished: import("./training.js").Training[], kept: number, theme: string,
 *   path: import("./routes.js").Path, answers: import("./guesses.js").Answers,
 *   solved: Record<string, import("./exercises.js").Proof>, justSolved: string}} State
 */

import * as api from "./api.js";
import * as dataset from "./dataset.js";
import { PAD, PEN } from "./marks/sheet.js";
import { createStore } from "./store.js";
import { applyEdits, isEdited, UNEDITED } from "./network/edit.js";
import { forward } from "./network/forward.js";
import { steps } from "./network/spec.js";
import { renderStrokes } from "./network/strokes.js";
import { t } from "./texts.js";

/** Until the page has chosen a neuron. @type {Focus} */
export const FIRST_FOCUS = { layer: 0, channel: 0, y: 0, x: 0 };

/** @type {State} */
const initial = {
  model: null,
  moment: null,
  operation: null,
  image: null,
  source: { kind: "drawing" },
  result: null,
  strokes: [],
  pen: PEN,
  focus: FIRST_FOCUS,
  built: null,
  own: false, // the reader wants to train what was built
  error: "",
  training: null,
  compared: null,
  finished: [],
  kept: 0,
  theme: "",
  path: { route: "", deeds: [], skipped: [] },
  answers: {}, // guesses at the questions
  solved: {}, // exercises
  justSolved: "",
};

export const store = createStore(initial);

store.watch(["model", "image"], ({ model, image }) => {
  if (!model || !image) return store.set({ result: null });
  const result = forward(model.network, model.weights, image, { temperature: model.temperature });
  store.set({ result });
});

/** Use a finished run. @param {string} id */
export async function useRun(id) {
  const model = await api.loadRun(id);
  store.set({ model, moment: null, operation: null });
  keepFocus();
  afterReading(async () => {
    const whole = await api.withRejector(model);
    if (store.get().model === model) store.set({ model: whole });
  });
}

const PAINTED = 100; // milliseconds
const EMPTY_SHEET = 2000; // after which nothing is to be read

/** Once something has been read and is on the screen: what comes now may not hold it up. @param {() => void} then */
function afterReading(then) {
  const end = performance.now() + EMPTY_SHEET;
  const look = () => {
    if (store.get().result || performance.now() > end) setTimeout(then, PAINTED);
    else setTimeout(look, PAINTED);
  };
  requestAnimationFrame(look);
}

/** Use the weights of a recorded moment. @param {Model} base @param {Moment} moment
 * @param {import("./network/safetensors.js").Weights} weights */
export function useMoment(base, moment, weights) {
  store.set({
    model: {
      ...base,
      weights,
      temperature: 1,
      threshold: null,
      rejector: null,
      rejectorFile: undefined,
    },
    moment,
    operation: null,
  });
  keepFocus();
}

/**
 * Let the whole page show the network after these edits.
 * @param {Edits} edits
 * @param {string} [kind] edits of one kind in a row, such as a slider's, are undone as one
 */
export function operate(edits, kind = "") {
  const { model, operation } = store.get();
  if (!model) return;
  const { base, edits: last, before, latest } = operation ?? { ...NOTHING_DONE, base: model };
  const known = kind !== "" && kind === latest ? before : [...before, last];
  show({ base, edits, before: known, latest: kind });
}

const NOTHING_DONE = { edits: UNEDITED, before: [], latest: "" };

/** Take the last edit back. */
export function undoOperation() {
  const { operation } = store.get();
  const edits = operation?.before.at(-1);
  if (operation && edits)
    show({ base: operation.base, edits, before: operation.before.slice(0, -1), latest: "" });
}

/** @param {Operation} operation */
function show(operation) {
  const { base, edits } = operation;
  const weights = applyEdits(base.network, base.weights, edits);
  const model = isEdited(edits) ? { ...base, weights, testAccuracy: null } : base;
  store.set({ model, operation });
}

/** Whether the network in use has been operated on. @param {State} state */
export const isOperated = ({ operation }) => operation !== null && isEdited(operation.edits);

/** Look at an image of the data. @param {"train" | "test"} split @param {import("./dataset.js").Digit} digit */
export function lookAt(split, { index, label, pixels }) {
  store.set({ image: pixels, source: { kind: split, index, label }, strokes: [] });
}

/** @param {"train" | "test"} split @param {number} index */
export async function lookAtIndex(split, index) {
  const [digit] = await dataset.digitsByIndex(split, [index]);
  if (digit) lookAt(split, digit);
}

const DRAWING = 250; // milliseconds after the pen has moved
let drawn = -DRAWING;

/** Whether the pen has just moved. */
export const isDrawing = () => performance.now() - drawn < DRAWING;

/** @param {number[][][]} strokes @param {number} [pen] */
export function setStrokes(strokes, pen = store.get().pen) {
  drawn = performance.now();
  store.set({
    strokes,
    pen,
    image: renderStrokes(strokes, (pen * 28) / PAD),
    source: { kind: "drawing" },
  });
}

/** @param {Uint8Array | null} image nothing, where no digit is to be seen */
export function lookAtPicture(image) {
  store.set({ image, source: { kind: "picture" }, strokes: [] });
}

/** @param {Partial<Focus>} focus */
export function focusOn(focus) {
  store.set({ focus: { ...store.get().focus, ...focus } });
  keepFocus();
}

/** Another network may be smaller: keep the neuron looked at inside it. */
function keepFocus() {
  const { model, focus } = store.get();
  if (!model) return;
  const all = steps(model.network);
  const layer = Math.min(focus.layer, all.length - 1);
  const [channels, height = 1, width = 1] = all[layer].output;
  const inside = {
    layer,
    channel: Math.min(focus.channel, channels - 1),
    y: Math.min(focus.y, height - 1),
    x: Math.min(focus.x, width - 1),
  };
  if (JSON.stringify(inside) !== JSON.stringify(focus)) store.set({ focus: inside });
}

/** The neuron that a layer's strongest map responds with. @param {number} layer */
export function focusOnStrongest(layer) {
  const { result } = store.get();
  if (!result) return focusOn({ layer });
  const { values, shape } = result.layers[layer];
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  focusOn({ layer, ...unitAt(shape, best) });
}

/** Position in a layer's values → channel, y, x. @param {number[]} shape @param {number} at */
export function unitAt([, height = 1, width = 1], at) {
  const area = height * width;
  return { channel: Math.floor(at / area), y: Math.floor((at % area) / width), x: at % width };
}

/** What the digit looked at is called. @param {State} state */
export function sourceText({ source, image }) {
  if (source.kind === "drawing") return image ? t("your drawing") : t("an empty sheet");
  if (source.kind === "picture") return t("your picture");
  const index = source.index ?? 0;
  return source.kind === "train"
    ? t("training image {index}", { index })
    : t("test image {index}", { index });
}
