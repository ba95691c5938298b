/** What a copy without a server says of the experiments that came with it. */

/** @param {any} experiment an entry of site.json's `experiments` */
export function recordedText({ recipe, seeds, results, held_out: heldOut, recorded }) {
  const count = Number(heldOut).toLocaleString("en");
  return `Recorded, not run now: ${results.length} trainings of ${recipe}, ${seeds} seeds for each value, made with this copy of the page on ${recorded}. ` +
    `Measured on ${count} training digits held out, not on the test set: choosing is learning. With exmachina lesson on your computer you run your own.`;
}
