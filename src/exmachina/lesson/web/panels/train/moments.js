/** What the figures about a whole training share: its moments, a scrubber through them, and what to do without one. */

import * as api from "../../api.js";
import * as dataset from "../../dataset.js";
import { h } from "../../marks/dom.js";
import { store } from "../../state.js";
import { isLive, showMoment, train, trainingName } from "../../training.js";
import { t } from "../../texts.js";
import { player } from "../player.js";

/** @typedef {import("../../training.js").Training} Training */

const FEWEST = 3; // moments that span a plane

/** The training on show if it is over and has moments enough. @param {import("../../state.js").State} state @returns {Training | null} */
export const finishedTraining = ({ training }) =>
  training && !isLive(training) && training.snapshots.length >= FEWEST ? training : null;

/** Which of its moments the page shows; the last if it shows something else. @param {Training} training
 * @param {import("../../state.js").Moment | null} moment */
export function momentAt({ id, snapshots }, moment) {
  const at = moment?.training === id ? snapshots.findIndex(({ step }) => step === moment.step) : -1;
  return at < 0 ? snapshots.length - 1 : at;
}

/** A scrubber through the training on show; the whole page follows. It is right before it comes into sight. */
export function momentScrubber() {
  const scrubber = player({
    count: () => finishedTraining(store.get())?.snapshots.length ?? 0,
    speeds: [1, 30, 8],
    label: t("Moment"),
    onstep: (at) => {
      const training = finishedTraining(store.get());
      if (training) showMoment(training, at);
    },
  });

  /** @param {import("../../state.js").State} state */
  function render(state) {
    const training = finishedTraining(state);
    scrubber.element.hidden = !training;
    if (!training) return;
    scrubber.resize();
    scrubber.go(momentAt(training, state.moment), true);
    scrubber.describe((at) => t("step {step}", { step: training.snapshots[at]?.step ?? 0 }));
  }
  store.watch(["training", "moment"], render);
  return scrubber.element;
}

/**
 * A word about the training that is missing, and a button that does it; gone, in sight or not, once there is one.
 * @param {string} text
 */
export function trainFirst(text) {
  const button = h(
    "button",
    { type: "button", class: "primary", onclick: begin },
    t("Train one now"),
  );
  const note = h("p", {}, text);
  const root = h("div", { class: "train-first" }, note, button);

  async function begin() {
    const recipe = api.recipes().find(({ name }) => name === "fast");
    const network = api.networks().find(({ name }) => name === recipe.network);
    if (network) await train({ recipe, network }, trainingName(recipe, {}));
  }

  /** @param {import("../../state.js").State} state */
  function render(state) {
    const live = isLive(state.training);
    root.hidden = finishedTraining(state) !== null;
    button.disabled = live;
    note.textContent = live ? t("A training is under way; this is drawn when it is over.") : text;
  }
  store.watch(["training"], render);
  return root;
}

/**
 * The first digits of a split as the engine takes them, from the small file that the page has anyway.
 * @param {import("../../dataset.js").Split} split
 */
export async function fewDigits(split) {
  const some = await dataset.digits(split, { limit: FEW });
  const [images, labels] = [some.map(({ pixels }) => pixels), some.map(({ label }) => label)];
  return { ...dataset.inARow(images, labels), digits: some };
}

/** How many digits the figures compute with. */
export const FEW = 240;
