/**
 * Which part of the image a neuron can see, traced through every layer back to the input.
 *
 * @typedef {import("./spec.js").Step} Step
 * @typedef {{top: number, left: number, bottom: number, right: number}} Box inclusive, in the level's own grid
 */

/**
 * The box that neuron (y, x) of layer `index` depends on, at every level from the input (first) to the layer's own
 * output (last). A level that is a row of units has no box, and below a dense layer everything is seen.
 * @param {Step[]} steps
 * @param {number} index
 * @param {number} y
 * @param {number} x
 * @returns {(Box | null)[]}
 */
export function receptiveField(steps, index, y = 0, x = 0) {
  /** @type {Box | null} */
  let box = steps[index].output.length === 3 ? { top: y, left: x, bottom: y, right: x } : null;
  const levels = [box];
  for (let i = index; i >= 0; i--) {
    const { layer, input } = steps[i];
    box = input.length === 1 ? null : fieldBefore(layer, input, box);
    levels.unshift(box);
  }
  return levels;
}

/**
 * @param {import("./spec.js").Layer} layer
 * @param {number[]} input
 * @param {Box | null} box
 * @returns {Box}
 */
function fieldBefore(layer, [, height, width], box) {
  if (!box) return { top: 0, left: 0, bottom: height - 1, right: width - 1 };
  let step = 1,
    reach = 1,
    offset = 0;
  if (layer.type === "Conv2D")
    [step, reach, offset] = [layer.stride ?? 1, layer.kernel ?? 3, layer.padding ?? 0];
  if (layer.type === "MaxPooling2D") step = reach = layer.size ?? 2;
  return {
    top: Math.max(0, box.top * step - offset),
    left: Math.max(0, box.left * step - offset),
    bottom: Math.min(height - 1, box.bottom * step - offset + reach - 1),
    right: Math.min(width - 1, box.right * step - offset + reach - 1),
  };
}
