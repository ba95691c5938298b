/**
 * A sheet to draw on, by pointer, touch or keyboard; strokes are kept as vectors.
 *
 * @typedef {import("../network/strokes.js").Strokes} Strokes
 * @typedef {{strokes: () => Strokes, pen: () => number, onstrokes: (strokes: Strokes) => void}} Drawing
 *   what is drawn so far, how wide the pen is, and what to do when more is drawn
 */

import { t } from "../texts.js";
import { h } from "./dom.js";
import { coloursOf } from "./scale.js";

export const PAD = 280; // the sheet's side, in the unit of strokes
export const PEN = 25; // 2.5 of 28 pixels, about a stroke's width in MNIST

/** @param {Drawing} drawing */
export function sheet(drawing) {
  const canvas = h("canvas", { class: "sheet", tabIndex: 0, role: "application" });
  canvas.setAttribute(
    "aria-label",
    t("Drawing pad. Move the pen with the arrow keys; space puts it down and lifts it."),
  );
  /** @type {{x: number, y: number, down: boolean} | null} the keyboard's pen */
  let cursor = null;
  let width = 0; // kept, for to ask means to lay the whole page out
  const redraw = () => drawSheet(canvas, width, drawing, cursor);
  new ResizeObserver(() => {
    width = canvas.clientWidth;
    redraw();
  }).observe(canvas);
  listenToPointer(canvas, drawing);
  listenToKeys(canvas, drawing, (next) => {
    cursor = next;
    redraw();
  });
  return { canvas, redraw };
}

/** @param {HTMLCanvasElement} canvas @param {Drawing} drawing */
function listenToPointer(canvas, drawing) {
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
    drawing.onstrokes([...drawing.strokes(), [place(event)]]);
    event.preventDefault();
    canvas.focus({ preventScroll: true });
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const strokes = drawing.strokes();
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
    if (points.length > last.length) drawing.onstrokes([...strokes.slice(0, -1), points]);
  });
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
    canvas.addEventListener(name, (event) => {
      if (event.pointerId === pointer) pointer = null;
    });
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Drawing} drawing
 * @param {(cursor: {x: number, y: number, down: boolean} | null) => void} show
 */
function listenToKeys(canvas, drawing, show) {
  let cursor = { x: PAD / 2, y: PAD / 4, down: false };
  const moves = /** @type {Record<string, number[]>} */ ({
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  });
  canvas.addEventListener("keydown", (event) => {
    const strokes = drawing.strokes();
    if (event.key in moves) {
      const stride = event.shiftKey ? 4 : 12;
      const [dx, dy] = moves[event.key];
      const inside = (/** @type {number} */ v) => Math.max(0, Math.min(PAD, v));
      cursor = { ...cursor, x: inside(cursor.x + dx * stride), y: inside(cursor.y + dy * stride) };
      if (cursor.down) {
        const last = strokes[strokes.length - 1] ?? [];
        drawing.onstrokes([...strokes.slice(0, -1), [...last, [cursor.x, cursor.y]]]);
      }
    } else if (event.key === " ") {
      cursor = { ...cursor, down: !cursor.down };
      if (cursor.down) drawing.onstrokes([...strokes, [[cursor.x, cursor.y]]]);
    } else if (
      event.key === "Backspace" ||
      (event.key === "z" && (event.ctrlKey || event.metaKey))
    ) {
      cursor = { ...cursor, down: false };
      drawing.onstrokes(strokes.slice(0, -1));
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
 * @param {number} width of the sheet on the page
 * @param {Drawing} drawing
 * @param {{x: number, y: number, down: boolean} | null} cursor
 */
function drawSheet(canvas, width, drawing, cursor) {
  const size = Math.round(width * devicePixelRatio);
  if (size === 0) return;
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const { ink, outline } = coloursOf(canvas);
  context.setTransform(size / PAD, 0, 0, size / PAD, 0, 0);
  context.clearRect(0, 0, PAD, PAD);
  context.lineCap = context.lineJoin = "round";
  const pen = drawing.pen();
  context.lineWidth = pen;
  context.strokeStyle = ink;
  for (const stroke of drawing.strokes()) {
    context.beginPath();
    context.moveTo(stroke[0][0], stroke[0][1]);
    for (const [x, y] of stroke.length > 1 ? stroke.slice(1) : stroke) context.lineTo(x, y);
    context.stroke();
  }
  if (!cursor) return;
  context.beginPath();
  context.lineWidth = 2;
  context.strokeStyle = outline;
  context.arc(cursor.x, cursor.y, cursor.down ? pen / 2 : pen / 2 + 4, 0, 7);
  context.stroke();
}
