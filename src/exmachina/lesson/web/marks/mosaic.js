/**
 * All maps of a layer side by side on one canvas, or a layer's units as cells.
 *
 * @typedef {{columns: number, zoom: number, gap: number, width: number, height: number, channels: number}} Layout
 */

import { colourTable, position } from "./scale.js";

/**
 * @param {number[]} shape [channels, height, width] or [units]
 * @param {number} columns
 * @returns {Layout}
 */
export function mosaicLayout([channels, height = 1, width = 1], columns) {
  const zoom = Math.max(1, Math.round((height === 1 ? 8 : 26) / Math.max(height, width)));
  return { columns, zoom, gap: height > 1 && height <= 9 ? 2 : 1, width, height, channels };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} values
 * @param {Layout} layout
 * @param {{scale: import("./scale.js").Scale, max: number}} options
 */
export function paintMosaic(canvas, values, layout, { scale, max }) {
  const { columns, zoom, gap, width, height, channels } = layout;
  const [cellWidth, cellHeight] = cellSize(layout);
  const rows = Math.ceil(channels / columns);
  const [fullWidth, fullHeight] = [columns * cellWidth - gap, rows * cellHeight - gap];
  if (canvas.width !== fullWidth) canvas.width = fullWidth;
  if (canvas.height !== fullHeight) canvas.height = fullHeight;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(fullWidth, fullHeight);
  const pixels = new Uint32Array(image.data.buffer);
  const table = packed(scale);
  for (let c = 0; c < rows * columns; c++) {
    const left = (c % columns) * cellWidth;
    const top = Math.floor(c / columns) * cellHeight;
    for (let y = 0; y < height * zoom; y++) {
      const line = (c * height + Math.floor(y / zoom)) * width;
      const to = (top + y) * fullWidth + left;
      for (let x = 0; x < width * zoom; x++) {
        const value = c < channels ? values[line + Math.floor(x / zoom)] : 0; // cells left over stay paper
        pixels[to + x] = table[position(value, scale, max)];
      }
    }
  }
  context.putImageData(image, 0, 0);
}

/** A colour table as 32-bit pixels. @param {import("./scale.js").Scale} scale */
function packed(scale) {
  const rgb = colourTable(scale);
  return Uint32Array.from(
    { length: 256 },
    (_, i) => (255 << 24) | (rgb[3 * i + 2] << 16) | (rgb[3 * i + 1] << 8) | rgb[3 * i],
  );
}

/** @param {Layout} layout */
const cellSize = ({ width, height, zoom, gap }) => [width * zoom + gap, height * zoom + gap];

/** Where a box of map `channel` lies on the canvas. @param {Layout} layout @param {number} channel
 * @param {import("../network/receptive.js").Box} box */
export function onMosaic(layout, channel, { top, left, bottom, right }) {
  const [cellWidth, cellHeight] = cellSize(layout);
  const x = (channel % layout.columns) * cellWidth;
  const y = Math.floor(channel / layout.columns) * cellHeight;
  return {
    left: x + left * layout.zoom,
    top: y + top * layout.zoom,
    right: x + (right + 1) * layout.zoom - 1,
    bottom: y + (bottom + 1) * layout.zoom - 1,
  };
}

/** Which neuron is at a pixel of the canvas. @param {Layout} layout @param {{x: number, y: number}} at */
export function neuronOnMosaic(layout, { x, y }) {
  const [cellWidth, cellHeight] = cellSize(layout);
  const column = Math.floor(x / cellWidth);
  const row = Math.floor(y / cellHeight);
  const inside = (/** @type {number} */ v, /** @type {number} */ size) =>
    Math.max(0, Math.min(size - 1, Math.floor(v / layout.zoom)));
  return {
    channel: Math.min(layout.channels - 1, row * layout.columns + column),
    y: inside(y - row * cellHeight, layout.height),
    x: inside(x - column * cellWidth, layout.width),
  };
}
