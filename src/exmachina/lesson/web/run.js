/**
 * A training as a run directory in a zip archive, which the library opens: `Classifier.load(folder)`, and with
 * `Run.load(folder).save(folder)` the ONNX model comes to it.
 *
 * @typedef {import("./training.js").Training} Training
 * @typedef {Pick<Training, "name" | "network" | "weights"> & Partial<Training>} Whole a training, or a network that was
 *   edited, of which no more is known
 */

import { safetensors, zip } from "./files.js";
import { sha256 } from "./sha256.js";

const WEIGHTS = "model.safetensors";

/** A name for a folder. @param {Whole} training */
export const folderName = ({ name }) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "") || "run";

/** @param {Whole} training a finished one */
export function runArchive(training) {
  const weights = safetensors(training.weights ?? {});
  const record = { ...runRecord(training), sha256: { [WEIGHTS]: sha256(weights) } };
  const folder = folderName(training);
  return zip([
    { name: `${folder}/${WEIGHTS}`, content: weights },
    {
      name: `${folder}/run.json`,
      content: new TextEncoder().encode(`${JSON.stringify(record, null, 1)}\n`),
    },
  ]);
}

/** What `run.json` tells, without the checksum. @param {Whole} training */
function runRecord({ name, network, origin, epochs = [], end, status, seconds, testAccuracy }) {
  const { name: called, input_shape, mean, std, layers } = network;
  return {
    format: 1,
    network: { name: called, input_shape, mean, std, layers },
    recipe: {
      ...(origin?.recipe ?? { name }),
      network: called,
      ...(end?.turns?.length ? { turned: end.turns } : {}), // the learning rate, by the reader, meanwhile
    },
    seed: origin?.seed ?? 0,
    history: epochs.map(({ epoch, step, loss, accuracy }) => ({ epoch, step, loss, accuracy })),
    splits: { data: "mnist", train: origin?.images ?? null, test: 10_000 },
    train_seconds: seconds ?? 0,
    test_loss: end?.testLoss ?? null,
    test_accuracy: testAccuracy ?? null,
    device: "browser",
    interrupted: status === "stopped",
    created: new Date().toISOString(),
  };
}
