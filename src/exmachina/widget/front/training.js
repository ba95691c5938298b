/** A training as it happens: its curves, the first layer's kernels, and the reading of one digit. */

import { h } from "../../lesson/web/marks/dom.js";
import { fixed, percent, whole } from "../../lesson/web/marks/format.js";
import { legend } from "../../lesson/web/marks/legend.js";
import { mosaicLayout, paintMosaic } from "../../lesson/web/marks/mosaic.js";
import { answerOf, reading } from "../../lesson/web/marks/reading.js";
import { judgeAlone } from "../../lesson/web/network/rejector.js";
import { slider } from "../../lesson/web/panels/shared.js";
import { drawCharts, reachOfAll } from "../../lesson/web/panels/train/training.js";
import { t } from "../../lesson/web/texts.js";
import { floats, imageOf, watch } from "./kernel.js";

/**
 * @typedef {{name: string, status: "waiting" | "running" | "done" | "stopped", steps: number, points: DataView,
 *   moments: number[], kernels: DataView, kernel_shape: number[], probabilities: DataView,
 *   test_accuracy: number | null, seconds: number | null}} Sent  points: step, loss, accuracy, seconds of each
 */

/** @param {HTMLElement} room @param {import("./kernel.js").Model} model */
export function training(room, model) {
  const sent = () => /** @type {Sent} */ (model.get("_training"));
  const status = h("p", { class: "fact" });
  const charts = h("div", { class: "charts" });
  const canvas = h("canvas", { class: "heat mosaic", role: "img" });
  const strip = h("div", {});
  const read = reading();
  const answers = h("div", { class: "small-reading reading" }, read.elements);
  const kernels = h(
    "div",
    {},
    h("p", { class: "layer-name" }, h("strong", {}, t("First layer's kernels"))),
    canvas,
    strip,
  );
  const scrub = slider({
    label: t("Moment"),
    min: 0,
    max: 1,
    value: 0,
    format: (at) => t("step {step}", { step: sent().moments[at] ?? 0 }),
    oninput: (at) => {
      model.set("moment", at < sent().moments.length - 1 ? at : null);
      model.save_changes();
    },
  });
  scrub.element.classList.add("scrub");
  room.append(
    h("div", { class: "training" }, [
      status,
      h("div", { class: "train-view" }, charts, kernels, answers),
      h("div", { class: "controls player" }, scrub.element),
    ]),
  );

  function show() {
    const now = sent();
    const record = recordOf(now);
    const last = now.moments.length - 1;
    const chosen = model.get("moment"); // the latest unless somebody chose one
    const at = Math.min(chosen ?? last, last);
    const moment = chosen === null ? null : { training: record.id, step: now.moments[at] };
    status.replaceChildren(...statusOf(now, record.points));
    charts.replaceChildren(...drawCharts(record, null, moment));
    kernels.hidden = last < 0 || now.kernel_shape.length === 0;
    if (!kernels.hidden) paintKernels(now, at, canvas, strip);
    answers.hidden = !model.get("image") || last < 0;
    if (!answers.hidden) {
      const probabilities = floats(now.probabilities).slice(10 * at, 10 * at + 10);
      read.show(imageOf(model), probabilities, answerOf(judgeAlone(probabilities), probabilities));
    }
    scrub.element.hidden = last < 1;
    scrub.input.max = String(Math.max(1, last));
    scrub.set(Math.max(0, at));
  }
  show();
  return { show, forget: watch(model, ["_training", "image", "moment"], show) };
}

/** As the page's own charts take a training. @param {Sent} sent */
function recordOf({ name, steps, points }) {
  const values = floats(points);
  const list = Array.from({ length: values.length / 4 }, (_, i) => {
    const [step, loss, accuracy, seconds] = values.subarray(4 * i, 4 * i + 4);
    return { step, loss, accuracy, seconds };
  });
  const record = { id: "kernel", name, steps, points: list, number: 0 };
  return /** @type {import("../../lesson/web/training.js").Training} */ (
    /** @type {unknown} */ (record)
  );
}

/** @param {Sent} sent @param {number} at @param {HTMLCanvasElement} canvas @param {HTMLElement} strip */
function paintKernels({ kernels, kernel_shape: shape }, at, canvas, strip) {
  const [filters, channels, height, width] = shape;
  const size = filters * channels * height * width;
  const every = floats(kernels);
  const moments = Array.from({ length: every.length / size }, (_, i) =>
    every.subarray(size * i, size * (i + 1)),
  );
  const [values, max] = [moments[at], reachOfAll(moments)];
  const layout = mosaicLayout([filters * channels, height, width], filters > 16 ? 8 : 4);
  paintMosaic(canvas, values, layout, { scale: "signed", max });
  canvas.setAttribute("aria-label", t("The {filters} kernels of the first layer", { filters }));
  strip.replaceChildren(legend("signed", max));
}

/** @param {Sent} sent @param {import("../../lesson/web/training.js").Training["points"]} points @returns {(string | Node)[]} */
function statusOf({ status, steps, test_accuracy: accuracy, seconds }, points) {
  const last = points[points.length - 1];
  if (!last) return [t("Beginning …")];
  const values = {
    step: whole(last.step),
    steps: whole(steps),
    loss: fixed(last.loss, 3),
    seconds: fixed(seconds ?? last.seconds, 1),
  };
  if (status === "running")
    return [t("Step {step} of {steps} · loss {loss} · {seconds} seconds", values)];
  if (status === "stopped")
    return [t("Stopped after step {step} of {steps}; what it had learned is kept.", values)];
  const facts = t("{steps} steps in {seconds} seconds", values);
  if (accuracy === null) return [facts];
  return [
    h("strong", { class: "test-accuracy" }, percent(accuracy, 2)),
    ` ${t("of the test digits right")} · ${facts}`,
  ];
}
