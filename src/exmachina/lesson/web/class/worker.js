/**
 * The engine beside the page, to read many digits at once.
 *
 * A message in is `{id, module, network, weights, images}`, out `{id, logits}` or `{id, error}`; logits (N, 10) in a row.
 */

import { Engine } from "../engine/engine.js";
import { Model } from "../engine/model.js";

self.onmessage = ({ data: { id, module, network, weights, images } }) => {
  try {
    const engine = new Engine(module); // a new one each time: an engine's memory only grows
    const model = new Model(engine, network);
    model.setWeights(weights);
    const logits = model.logits(engine.place(images), images.length / 784);
    self.postMessage({ id, logits }, { transfer: [logits.buffer] });
  } catch (error) {
    self.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
};
