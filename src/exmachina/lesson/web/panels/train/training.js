/** Train: one button, the curve, the kernels as they form, and a scrubber back through every recorded step. */

import * as api from "../../api.js";
import { lineChart } from "../../marks/chart.js";
import { h } from "../../marks/dom.js";
import { fixed, percent } from "../../marks/format.js";
import { legend } from "../../marks/legend.js";
import { mosaicLayout, paintMosaic } from "../../marks/mosaic.js";
import { reach } from "../../marks/scale.js";
import { store } from "../../state.js";
import { lead as leadTraining } from "../../trainer.js";
import { isLive, recall, showMoment, train, trainingName } from "../../training.js";
import { comparing } from "./compare.js";
import { leading } from "./lead.js";
import { mount as mountReading } from "../reading.js";
import { player } from "../player.js";
import { select, slider, whileVisible } from "../shared.js";

/** @param {HTMLElement} root */
export function mount(root) {
  const lead = leading();
  const order = knobs(lead.pace);
  const button = h("button", { type: "button", class: "primary", onclick: begin }, "Train");
  const compare = comparing();
  const status = h("p", { class: "fact" });
  const news = h("p", { class: "unseen", role: "status" }); // what happens, but not at every step
  const charts = h("div", { class: "charts" });
  const kernels = h("canvas", { class: "heat mosaic", role: "img" });
  const kernelNote = h("p", { class: "note" });
  const kernelLegend = h("div", {});
  const reading = h("div", { class: "small-reading" });
  mountReading(reading);
  const scrubber = player({
    count: () => store.get().training?.snapshots.length ?? 0,
    speeds: [1, 30, 8],
    label: "Moment",
    onstep: scrubTo,
  });
  root.classList.add("training");
  root.append(
    h("div", { class: "controls above order" }, order.element, lead.speed, button, lead.buttons),
    status,
    news,
    h(
      "div",
      { class: "train-view" },
      charts,
      h(
        "div",
        {},
        h("p", { class: "layer-name" }, h("strong", {}, "First layer's kernels")),
        kernels,
        kernelLegend,
        kernelNote,
      ),
      reading,
    ),
    scrubber.element,
    compare.element,
  );
  let asking = false;
  let told = ""; // the last of the news
  let latest = ""; // the snapshot that the scrubber was last moved to

  async function begin() {
    asking = true;
    button.disabled = true;
    try {
      await order.start();
    } catch (error) {
      report(error);
    } finally {
      asking = false;
      button.disabled = isLive(store.get().training);
    }
  }

  /** @param {import("../../training.js").Training | null} training */
  function tellNews(training) {
    const {
      id,
      status: state,
      message,
      points,
    } = training ?? { id: "", status: "", message: "", points: [] };
    const key = [
      id,
      state,
      state === "waiting" ? message : "",
      state === "paused" ? points.length : "",
    ].join(" ");
    if (key === told) return;
    told = key;
    news.textContent = state === "running" ? "The training is running." : status.textContent;
  }

  /** @param {number} at */
  function scrubTo(at) {
    const { training } = store.get();
    if (training && (!isLive(training) || training.status === "paused")) showMoment(training, at);
  }

  whileVisible(root, ["training", "compared", "finished", "moment"], (state) => {
    const { training, compared, moment } = state;
    const live = isLive(training);
    const leaves = lead.buttons.contains(document.activeElement) && !live;
    button.disabled = asking || live;
    lead.render(training);
    if (leaves) button.focus();
    compare.render(state);
    scrubber.element.hidden = !training || training.snapshots.length < 2;
    scrubber.resize();
    const end = (training?.snapshots.length ?? 0) - 1;
    if (training && (live ? latest !== `${training.id} ${end}` : !moment)) scrubber.go(end, true);
    latest = `${training?.id} ${end}`;
    scrubber.describe((at) => `step ${training?.snapshots[at]?.step ?? 0}`);
    status.replaceChildren(...statusText(training));
    tellNews(training);
    charts.replaceChildren(...drawCharts(training, compared, moment));
  });

  whileVisible(root, ["model", "theme"], ({ model, moment }) => {
    const index = model?.network.layers.findIndex(({ type }) => type === "Conv2D") ?? -1;
    if (!model || index < 0) return;
    const { shape, values } = model.weights[`${model.network.layers[index].name}.weight`];
    const layout = mosaicLayout([shape[0] * shape[1], shape[2], shape[3]], shape[0] > 16 ? 8 : 4);
    paintMosaic(kernels, values, layout, { scale: "signed", max: reach(values) });
    kernels.setAttribute("aria-label", `The ${shape[0]} kernels of the first layer`);
    kernelLegend.replaceChildren(legend("signed", reach(values)));
    kernelNote.textContent = moment ? `at step ${moment.step}` : "as trained";
  });

  if (!store.get().training) recall();
}

/** @param {unknown} error */
const report = (error) =>
  store.set({ error: error instanceof Error ? error.message : String(error) });

/** @param {import("../../training.js").Training | null} training @returns {(string | Node)[]} */
function statusText(training) {
  if (!training)
    return ["Nothing has been trained here yet. Press the button: it takes a second or two."];
  const last = training.points[training.points.length - 1];
  if (training.status === "waiting") return [training.message || "Beginning …"];
  if (training.status === "paused")
    return [
      last
        ? `Paused after step ${last.step} of ${training.steps} · loss ${fixed(last.loss, 3)} · ${fixed(last.seconds, 1)} seconds`
        : "Paused before the first step.",
    ];
  if (training.status === "failed") return [`That did not work: ${training.message}`];
  if (training.status === "running")
    return [
      last
        ? `Step ${last.step} of ${training.steps} · loss ${fixed(last.loss, 3)} · ${fixed(last.seconds, 1)} seconds`
        : "Beginning …",
    ];
  if (training.status === "stopped")
    return ["Stopped. What it had learned until then can be looked at."];
  const parts =
    training.testAccuracy === null
      ? []
      : [
          h("strong", { class: "test-accuracy" }, percent(training.testAccuracy, 2)),
          " of 10,000 test digits right",
        ];
  return [
    ...parts,
    training.seconds ? `, after ${fixed(training.seconds, 1)} seconds` : "",
    training.steps ? ` and ${training.steps} steps.` : ".",
  ];
}

/**
 * @param {import("../../training.js").Training | null} training
 * @param {import("../../training.js").Training | null} compared
 * @param {import("../../state.js").Moment | null} moment
 */
export function drawCharts(training, compared, moment) {
  const lines = [];
  /** @param {import("../../training.js").Training} t @returns {[number, number][]} */
  const losses = (t) => t.points.map(({ step, loss }) => [step, loss]);
  const other = compared && compared.id !== training?.id ? compared : null;
  /** @param {import("../../training.js").Training} t */
  const name = (t) =>
    other && training?.name === other.name && t.number ? `${t.number}. ${t.name}` : t.name;
  if (other)
    lines.push({ name: name(other), points: losses(other), kind: /** @type {const} */ ("other") });
  if (training)
    lines.push({
      name: name(training),
      points: losses(training),
      kind: /** @type {const} */ ("main"),
    });
  const steps = Math.max(10, training?.steps ?? 0, other?.steps ?? 0);
  const top = Math.max(
    2.5,
    ...lines.flatMap(({ points }) => points.slice(0, 3).map(([, loss]) => Math.min(loss, 6))),
  );
  const at = moment && moment.training === training?.id ? moment.step : undefined;
  const charts = [
    lineChart(lines, {
      x: "step",
      y: "loss on each batch",
      xDomain: [0, steps],
      yDomain: [0, top],
      at,
    }),
  ];
  const accuracies = [other, training].flatMap((t, i) => {
    const points = t ? smoothed(t) : [];
    return points.length
      ? [
          {
            name: t ? name(t) : "",
            points,
            kind: /** @type {"main" | "other"} */ (i === 1 ? "main" : "other"),
          },
        ]
      : [];
  });
  if (accuracies.length)
    charts.push(
      lineChart(accuracies, {
        x: "step",
        y: "right, of the last digits",
        xDomain: [0, steps],
        yDomain: [0, 1],
        height: 220,
        at,
        format: (v) => percent(v, 0),
      }),
    );
  return charts;
}

/** Batches are small and jump; the mean of nine shows the way. @param {import("../../training.js").Training} training @returns {[number, number][]} */
function smoothed({ points }) {
  const known = points.filter(({ accuracy }) => accuracy !== null);
  return known.map(({ step }, i) => {
    const near = known.slice(Math.max(0, i - 4), i + 5);
    return [step, near.reduce((sum, { accuracy }) => sum + Number(accuracy), 0) / near.length];
  });
}

const MOST_EPOCHS = 6; // longer ones take a quarter of an hour, which is a matter for the command line

/** Recipe and knobs for a training; the learning rate can be turned while one is under way. @param {() => number} pace */
function knobs(pace) {
  const recipes = api.recipes().filter(({ epochs }) => epochs <= MOST_EPOCHS);
  let recipe = recipes.find(({ name }) => name === "fast") ?? recipes[0];
  /** @type {Record<string, number | string>} */
  let changes = {};
  let seed = 0;
  const form = h("div", { class: "order-form" });
  const source = () => [
    ...recipes.map(({ name }) => ({ value: name, text: name })),
    ...(store.get().built ? [{ value: "", text: "your own blocks" }] : []),
  ];
  let own = false;

  function rebuild() {
    const rates = Array.from({ length: 25 }, (_, i) => Number((10 ** (-4 + i / 6)).toPrecision(2)));
    const nearest = rates.reduce(
      (best, rate, i) =>
        Math.abs(Math.log(rate / recipe.learning_rate)) <
        Math.abs(Math.log(rates[best] / recipe.learning_rate))
          ? i
          : best,
      0,
    );
    const batches = [16, 32, 64, 128, 256, 512, 1024];
    form.replaceChildren(
      select("Recipe", source(), own ? "" : recipe.name, (name) => {
        own = name === "";
        recipe = recipes.find((item) => item.name === name) ?? recipe;
        changes = {};
        rebuild();
      }),
      slider({
        label: "Learning rate",
        min: 0,
        max: rates.length - 1,
        value: nearest,
        format: (i) =>
          changes.learning_rate === undefined ? String(recipe.learning_rate) : String(rates[i]),
        oninput: (i) => {
          changes.learning_rate = rates[i];
          turn({ rate: rates[i] });
        },
      }).element,
      slider({
        label: "Epochs",
        min: 0.05,
        max: MOST_EPOCHS,
        step: 0.05,
        value: recipe.epochs,
        oninput: (v) => (changes.epochs = v),
      }).element,
      slider({
        label: "Batch",
        min: 0,
        max: batches.length - 1,
        value: Math.max(0, batches.indexOf(recipe.batch_size)),
        format: (i) =>
          changes.batch_size === undefined && !batches.includes(recipe.batch_size)
            ? String(recipe.batch_size)
            : String(batches[i]),
        oninput: (i) => {
          changes.batch_size = batches[i];
        },
      }).element,
      select(
        "Optimizer",
        ["adamw", "sgd", "adadelta"].map((value) => ({ value, text: value })),
        recipe.optimizer,
        (value) => (changes.optimizer = value),
      ),
      slider({ label: "Seed", min: 0, max: 20, value: seed, oninput: (v) => (seed = v) }).element,
    );
  }
  store.watch(["built", "own"], (state) => {
    if (state.own && state.built) own = true;
    if (!state.built) own = false;
    store.set({ own: false });
    if (!form.contains(document.activeElement)) rebuild();
  });

  /** @param {Parameters<typeof leadTraining>[1]} wishes for the training under way, if there is one */
  function turn(wishes) {
    const { training } = store.get();
    if (training && isLive(training)) leadTraining(training.id, wishes);
  }
  return {
    element: form,
    start: () => {
      const built = own ? store.get().built : null;
      const known = api.networks().find(({ name }) => name === recipe.network);
      const network = built ?? /** @type {import("../../network/spec.js").Network} */ (known);
      const name = trainingName(recipe, { changes, seed, own: built !== null });
      const over = train({ recipe, network, changes: { ...changes }, seed }, name);
      turn({ pace: pace() });
      return over;
    },
  };
}
