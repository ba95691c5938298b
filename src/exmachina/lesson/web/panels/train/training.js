/** Train: one button, the curve, the kernels as they form, and a scrubber back through every recorded step. */

import { lineChart } from "../../marks/chart.js";
import { h } from "../../marks/dom.js";
import { fixed, percent } from "../../marks/format.js";
import { legend } from "../../marks/legend.js";
import { mosaicLayout, paintMosaic } from "../../marks/mosaic.js";
import { reach } from "../../marks/scale.js";
import { store } from "../../state.js";
import { isLive, recall, showMoment } from "../../training.js";
import { comparing } from "./compare.js";
import { knobs } from "./knobs.js";
import { leading } from "./lead.js";
import { mount as mountReading } from "../reading.js";
import { player } from "../player.js";
import { whileVisible } from "../shared.js";
import { parts, t } from "../../texts.js";

/** @param {HTMLElement} root */
export function mount(root) {
  const lead = leading();
  const order = knobs(root, lead.pace);
  const button = h("button", { type: "button", class: "primary", onclick: begin }, t("Train"));
  const compare = comparing();
  const status = h("p", { class: "fact" });
  const news = h("p", { class: "unseen", role: "status" }); // what happens, but not at every step
  const charts = h("div", { class: "charts" });
  const kernels = h("canvas", { class: "heat mosaic", role: "img" });
  const kernelNote = h("p", { class: "note" });
  const kernelLegend = h("div", {});
  const others = h("canvas", { class: "heat mosaic", role: "img" });
  const othersNote = h("p", { class: "note" });
  const beside = h("div", { class: "beside" });
  const reading = h("div", { class: "small-reading" });
  mountReading(reading);
  const scrubber = player({
    count: () => store.get().training?.snapshots.length ?? 0,
    speeds: [1, 30, 8],
    label: t("Moment"),
    onstep: scrubTo,
  });
  root.classList.add("training");
  root.append(
    h("div", { class: "controls above order" }, order.element, lead.speed, button, lead.buttons),
    order.estimate,
    status,
    news,
    h(
      "div",
      { class: "train-view" },
      charts,
      h(
        "div",
        {},
        h("p", { class: "layer-name" }, h("strong", {}, t("First layer's kernels"))),
        kernels,
        kernelLegend,
        kernelNote,
        beside,
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
    news.textContent = state === "running" ? t("The training is running.") : status.textContent;
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
    scrubber.describe((at) => t("step {step}", { step: training?.snapshots[at]?.step ?? 0 }));
    status.replaceChildren(...statusText(training));
    tellNews(training);
    charts.replaceChildren(...drawCharts(training, compared, moment));
  });

  whileVisible(root, ["model", "theme", "compared"], ({ model, moment, training, compared }) => {
    const index = model?.network.layers.findIndex(({ type }) => type === "Conv2D") ?? -1;
    if (!model || index < 0) return;
    const name = `${model.network.layers[index].name}.weight`;
    const { shape, values } = model.weights[name];
    const own = training?.id === model.id ? training : null;
    const other = own && compared && compared.id !== own.id ? compared.weights?.[name] : null;
    const same = other && String(other.shape) === String(shape) ? other.values : null;
    const max = Math.max(own ? commonReach(own, name) : reach(values), same ? reach(same) : 0);
    paintKernels(kernels, values, shape, max);
    kernelLegend.replaceChildren(legend("signed", max));
    kernelNote.textContent = moment
      ? t("at step {step}", { step: moment.step })
      : own?.status === "stopped"
        ? t("as it was when stopped")
        : t("as trained");
    if (!same) return beside.replaceChildren();
    beside.replaceChildren(others, othersNote);
    paintKernels(others, same, shape, max);
    othersNote.textContent = `${compared?.number}. ${compared?.name}`;
  });

  if (!store.get().training) recall();
}

/** @param {HTMLCanvasElement} canvas @param {Float32Array} values @param {number[]} shape @param {number} max */
function paintKernels(canvas, values, shape, max) {
  const layout = mosaicLayout([shape[0] * shape[1], shape[2], shape[3]], shape[0] > 16 ? 8 : 4);
  paintMosaic(canvas, values, layout, { scale: "signed", max });
  canvas.setAttribute("aria-label", t("The {n} kernels of the first layer", { n: shape[0] }));
}

/** @param {import("../../training.js").Training} training @param {string} name of the weights */
function commonReach({ snapshots, weights }, name) {
  const all = [...snapshots.map((snapshot) => snapshot.weights), ...(weights ? [weights] : [])];
  return reachOfAll(all.map((one) => one[name]?.values ?? []));
}

/**
 * The largest weight of a training so far, so that the colours mean the same at every moment and growth is seen. At
 * first there is room for it: weights that begin at random grow to about three times their size.
 * @param {ArrayLike<number>[]} moments the weights at each, from the first
 */
export function reachOfAll(moments) {
  const sizes = moments.map(reach);
  return Math.max(3 * sizes[0], ...sizes);
}

/** @param {unknown} error */
const report = (error) =>
  store.set({ error: error instanceof Error ? error.message : String(error) });

/** @param {import("../../training.js").Training | null} training @returns {(string | Node)[]} */
function statusText(training) {
  if (!training) return [t("Nothing has been trained here yet. Press the button.")];
  const last = training.points[training.points.length - 1];
  const progress = {
    step: last?.step ?? 0,
    steps: training.steps,
    loss: fixed(last?.loss ?? 0, 3),
    seconds: fixed(last?.seconds ?? 0, 1),
  };
  if (training.status === "waiting") return [training.message || t("Beginning …")];
  if (training.status === "paused")
    return [
      last
        ? t("Paused after step {step} of {steps} · loss {loss} · {seconds} seconds", progress)
        : t("Paused before the first step."),
    ];
  if (training.status === "failed")
    return [t("That did not work: {why}", { why: training.message })];
  if (training.status === "running")
    return [
      last
        ? t("Step {step} of {steps} · loss {loss} · {seconds} seconds", progress)
        : t("Beginning …"),
    ];
  if (training.status === "stopped")
    return [t("Stopped. What it had learned until then can be looked at.")];
  if (training.testAccuracy === null) return [t("Trained.")];
  return parts(
    "{percent} of 10,000 test digits right, after {seconds} seconds and {steps} steps.",
    {
      percent: h("strong", { class: "test-accuracy" }, percent(training.testAccuracy, 2)),
      seconds: fixed(training.seconds ?? 0, 1),
      steps: training.steps,
    },
  );
}

/**
 * @param {import("../../training.js").Training | null} training
 * @param {import("../../training.js").Training | null} compared
 * @param {import("../../state.js").Moment | null} moment
 */
export function drawCharts(training, compared, moment) {
  if (!training && !compared)
    return [
      h(
        "p",
        { class: "note chart-to-come" },
        t("The loss of every step will be drawn here, and how many digits it reads right."),
      ),
    ];
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
      x: t("step"),
      y: t("loss on each batch"),
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
        x: t("step"),
        y: t("right, of the last digits"),
        xDomain: [0, steps],
        yDomain: [0, 1],
        height: 200,
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
