/**
 * The drawing pad: pointer, touch and keyboard; strokes are kept as vectors.
 */

import { h } from "../marks/dom.js";
import { fixed } from "../marks/format.js";
import { PAD, PEN, setStrokes, store } from "../state.js";
import { copyLink } from "./link.js";
import { slider } from "./shared.js";
import { t } from "../texts.js";

/** @param {HTMLElement} root */
export function mount(root) {
  const canvas = h("canvas", { class: "sheet", tabIndex: 0, role: "application" });
  canvas.setAttribute(
    "aria-label",
    t("Drawing pad. Move the pen with the arrow keys; space puts it down and lifts it."),
  );
  const hint = h("p", { class: "hint", "aria-hidden": "true" }, t("Draw a digit here"));
  const pen = slider({
    label: t("Pen"),
    min: 12,
    max: 50,
    value: PEN,
    format: (v) => fixed(v / 10, 1),
    oninput: (v) => setStrokes(store.get().strokes, v),
  });
  const undo = h(
    "button",
    { type: "button", onclick: () => setStrokes(store.get().strokes.slice(0, -1)) },
    t("Undo"),
  );
  const clear = h("button", { type: "button", onclick: () => setStrokes([]) }, t("Clear"));
  root.append(
    h("div", { class: "pad" }, canvas, hint),
    h("div", { class: "controls" }, pen.element, undo, clear, copyLink()),
  );

  /** @type {{x: number, y: number, down: boolean} | null} the keyboard's pen */
  let cursor = null;

  const redraw = () => drawSheet(canvas, store.get(), cursor);
  new ResizeObserver(redraw).observe(canvas);
  store.watch(["strokes", "pen", "theme", "source"], ({ strokes, source, pen: width }) => {
    hint.hidden = strokes.length > 0;
    hint.textContent =
      source.kind === "drawing" ? t("Draw a digit here") : t("Draw over it: your own digit");
    undo.disabled = clear.disabled = strokes.length === 0;
    pen.set(width);
    redraw();
  });
  listenToPointer(canvas);
  listenToKeys(canvas, (next) => {
    cursor = next;
    redraw();
  });
}

/** @param {HTMLCanvasElement} canvas */
function listenToPointer(canvas) {
  /** @type {number | null} */
  let pointer = null;
  const place = (/** @type {MouseEvent} */ { clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    const at = (/** @type {number} */ v, /** @type {number} */ size) =>
      Math.round(Math.max(0, Math.min(PAD, (v / size) * PAD)));
    return [at(clientX - box.left, box.width), at(clientY - box.top, box.height)];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    setStrokes([...store.get().strokes, [place(event)]]);
    event.preventDefault();
    canvas.focus({ preventScroll: true });
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const { strokes } = store.get();
    const last = strokes[strokes.length - 1] ?? [];
    const points = [...last];
    for (const moved of event.getCoalescedEvents?.().length
      ? event.getCoalescedEvents()
      : [event]) {
      const point = place(moved);
      const before = points[points.length - 1];
      if (!before || Math.hypot(point[0] - before[0], point[1] - before[1]) >= 2)
        points.push(point);
    }
    if (points.length > last.length) setStrokes([...strokes.slice(0, -1), points]);
  });
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
    canvas.addEventListener(name, (event) => {
      if (event.pointerId === pointer) pointer = null;
    });
  }
}

/** @param {HTMLCanvasElement} canvas @param {(cursor: {x: number, y: number, down: boolean} | null) => void} show */
function listenToKeys(canvas, show) {
  let cursor = { x: PAD / 2, y: PAD / 4, down: false };
  const moves = /** @type {Record<string, number[]>} */ ({
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  });
  canvas.addEventListener("keydown", (event) => {
    const { strokes } = store.get();
    if (event.key in moves) {
      const stride = event.shiftKey ? 4 : 12;
      const [dx, dy] = moves[event.key];
      const inside = (/** @type {number} */ v) => Math.max(0, Math.min(PAD, v));
      cursor = { ...cursor, x: inside(cursor.x + dx * stride), y: inside(cursor.y + dy * stride) };
      if (cursor.down) {
        const last = strokes[strokes.length - 1] ?? [];
        setStrokes([...strokes.slice(0, -1), [...last, [cursor.x, cursor.y]]]);
      }
    } else if (event.key === " ") {
      cursor = { ...cursor, down: !cursor.down };
      if (cursor.down) setStrokes([...strokes, [[cursor.x, cursor.y]]]);
    } else if (
      event.key === "Backspace" ||
      (event.key === "z" && (event.ctrlKey || event.metaKey))
    ) {
      cursor = { ...cursor, down: false };
      setStrokes(strokes.slice(0, -1));
    } else if (event.key === "Escape") {
      cursor = { ...cursor, down: false };
    } else return;
    event.preventDefault();
    show(cursor);
  });
  canvas.addEventListener("blur", () => {
    cursor = { ...cursor, down: false };
    show(null);
  });
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("../state.js").State} state
 * @param {{x: number, y: number, down: boolean} | null} cursor
 */
function drawSheet(canvas, { strokes, pen }, cursor) {
  const size = Math.round(canvas.clientWidth * devicePixelRatio);
  if (size === 0) return;
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const style = getComputedStyle(canvas);
  context.setTransform(size / PAD, 0, 0, size / PAD, 0, 0);
  context.clearRect(0, 0, PAD, PAD);
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = pen;
  context.strokeStyle = style.color;
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(stroke[0][0], stroke[0][1]);
    for (const [x, y] of stroke.length > 1 ? stroke.slice(1) : stroke) context.lineTo(x, y);
    context.stroke();
  }
  if (!cursor) return;
  context.beginPath();
  context.lineWidth = 2;
  context.strokeStyle = style.outlineColor;
  context.arc(cursor.x, cursor.y, cursor.down ? pen / 2 : pen / 2 + 4, 0, 7);
  context.stroke();
}
