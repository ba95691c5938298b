/** Train: a real slice of the loss through the space of all weights, and the way that the training took on it. */

import { h } from "../../marks/dom.js";
import { percent, significant } from "../../marks/format.js";
import { inspector } from "../../inspector.js";
import { landscape } from "../../marks/landscape.js";
import { store } from "../../state.js";
import { t } from "../../texts.js";
import { segments, whileVisible } from "../shared.js";
import {
  FEW,
  fewDigits,
  finishedTraining,
  momentAt,
  momentScrubber,
  trainFirst,
} from "./moments.js";

const SIZE = 33; // cells a side

/**
 * @typedef {"trajectory" | "random"} Kind
 * @typedef {{points: [number, number][], share: number, bounds: {x: number[], y: number[]}, losses: number[]}} Walk
 * @typedef {{key: string, kind: Kind, walk: Walk | null, losses: Float32Array | null, done: number}} Slice
 */

/** @param {HTMLElement} root */
export function mount(root) {
  const engine = inspector();
  /** @type {Kind} */
  let kind = "trajectory";
  let seed = 1;
  /** @type {Slice | null} what is drawn, or being computed */
  let slice = null;
  let running = false;
  const first = trainFirst(
    t(
      "The way of a training is drawn once there is one. Until then: the loss around the network shown.",
    ),
  );
  const scrubber = momentScrubber();
  const picture = landscape(t("Loss over two directions through all weights"));
  const progress = h("progress", { max: 1, "aria-label": t("Part of the slice computed") });
  const draw = h(
    "button",
    { type: "button", class: "primary", onclick: begin },
    t("Compute this slice"),
  );
  const stop = h("button", { type: "button", onclick: end }, t("Stop"));
  const other = h(
    "button",
    {
      type: "button",
      onclick: () => {
        seed += 1;
        begin();
      },
    },
    t("Other directions"),
  );
  const which = segments(
    t("Which slice"),
    [
      { value: /** @type {Kind} */ ("trajectory"), text: t("the way of this training") },
      { value: /** @type {Kind} */ ("random"), text: t("around the network shown") },
    ],
    kind,
    (next) => {
      kind = next;
      end();
      render(store.get());
    },
  );
  const fact = h("p", { class: "fact", role: "status" });
  const note = h("p", { class: "note" });
  root.classList.add("surface");
  root.append(
    first,
    h(
      "div",
      { class: "controls above" },
      which,
      h("div", { class: "controls orders" }, draw, other, stop, progress),
    ),
    h("div", { class: "surface-view" }, picture.element, h("div", {}, fact, note)),
    scrubber,
  );

  /** What would be computed now. @param {import("../../state.js").State} state */
  function wanted(state) {
    const training = finishedTraining(state);
    const shown = kind === "trajectory" && training ? "trajectory" : "random";
    const key =
      shown === "trajectory"
        ? `${training?.id} ${training?.snapshots.length}`
        : `${state.model?.id} ${state.moment?.step ?? ""} ${seed}`;
    return { training, kind: /** @type {Kind} */ (shown), key };
  }

  async function begin() {
    end();
    const state = store.get();
    const { model } = state;
    const { training, kind: shown, key } = wanted(state);
    if (!model) return;
    const { images, labels } = await fewDigits("train");
    const way = shown === "trajectory" && training;
    const network = way ? training.network : model.network;
    const snapshots = way ? training.snapshots.map(({ weights }) => weights) : [model.weights];
    /** @type {Slice} */
    const own = { key, kind: shown, walk: null, losses: null, done: 0 };
    slice = own;
    running = true;
    render(state);
    try {
      const question = { network, snapshots, digits: { images, labels }, size: SIZE, seed };
      await engine.ask("slice", question, (news) => {
        Object.assign(own, news);
        if (slice === own) render(store.get());
      });
    } catch (error) {
      store.set({ error: error instanceof Error ? error.message : String(error) });
    }
    if (slice !== own) return;
    running = false;
    render(store.get());
  }

  function end() {
    engine.stop();
    running = false;
  }

  /** @param {import("../../state.js").State} state */
  function render(state) {
    const now = wanted(state);
    const current = slice?.key === now.key ? slice : null;
    stop.hidden = progress.hidden = !running;
    draw.hidden = running || current?.done === 1;
    other.hidden = now.kind !== "random" || running || !current;
    progress.value = current?.done ?? 0;
    if (current?.walk && current.losses) {
      const at =
        now.kind === "trajectory" && now.training ? momentAt(now.training, state.moment) : 0;
      picture.show({
        ...current.walk,
        grid: current.losses,
        size: SIZE,
        at,
        walks: now.kind === "trajectory",
      });
      fact.textContent = factText(now, current.walk, at);
      note.textContent = noteText(now.kind, current.walk);
    } else {
      picture.show(null);
      fact.textContent = running
        ? t("Measuring the loss …")
        : t(
            "{cells} networks will be tried, each on {count} training digits, beside the page. The larger the network, the longer it takes; the picture sharpens as it does.",
            { cells: SIZE * SIZE, count: FEW },
          );
      note.textContent = "";
    }
  }
  store.watch(["training"], (state) => {
    which.hidden = !finishedTraining(state);
  });
  whileVisible(root, ["training", "moment", "model", "theme"], render);
}

/** @param {{training: import("../../training.js").Training | null, kind: Kind}} now @param {Walk} walk @param {number} at */
function factText({ training, kind }, { losses }, at) {
  const loss = significant(losses[at], 3);
  return kind === "trajectory" && training
    ? t(
        "Step {step}: the network has a loss of {loss} here; it began at {start} and ended at {end}.",
        {
          step: training.snapshots[at].step,
          loss,
          start: significant(losses[0], 3),
          end: significant(losses[losses.length - 1], 3),
        },
      )
    : t("The network shown, in the middle, has a loss of {loss}.", { loss });
}

/** @param {Kind} kind @param {Walk} walk */
const noteText = (kind, { share }) =>
  kind === "trajectory"
    ? t(
        "Both axes are directions in which all weights change together: the two principal components of the training's moments. They hold {share} of the way it took; the rest is off this plane, so a dot's own loss can differ from the ground below it. One unit: every weight changed by 1, root mean square. Loss on {count} training digits, batch norm by the batch, as in training.",
        { share: percent(share), count: FEW },
      )
    : t(
        "Two random directions, each kernel's part as long as the kernel itself: at 1, every kernel is off by its own length. Loss on {count} training digits, batch norm by the batch, as in training.",
        { count: FEW },
      );
