/** Train: the same recipe several times for each value of a knob; every result and its spread. */

import * as api from "../../api.js";
import { svg, h } from "../../marks/dom.js";
import { about, fixed, percent, plain } from "../../marks/format.js";
import { store } from "../../state.js";
import { secondsFor } from "../../timing.js";
import { atOnce, experiment } from "../../trainer.js";
import { isLive } from "../../training.js";
import { select, slider, whileVisible } from "../shared.js";
import { t } from "../../texts.js";

/** @typedef {{value: unknown, seed: number, accuracy: number | null}} Result */

const HESITATION = 600; // milliseconds without a change, after which the time is estimated

const KNOBS = /** @type {Record<string, {text: string, values: (number | string)[]}>} */ ({
  learning_rate: { text: t("learning rate"), values: [0.001, 0.003, 0.01, 0.03] },
  batch_size: { text: t("batch size"), values: [64, 128, 256, 512] },
  epochs: { text: t("epochs"), values: [0.25, 0.5, 1, 2] },
  label_smoothing: { text: t("label smoothing"), values: [0, 0.05, 0.1, 0.2] },
  optimizer: { text: t("optimizer"), values: ["adamw", "sgd"] },
});

/** @param {HTMLElement} root */
export function mount(root) {
  const picture = h("div", {});
  const status = h("p", { class: "note", role: "status" });
  const table = h("div", {});
  let knob = "learning_rate";
  let seeds = 3;
  let timer = 0;
  const plan = h("p", { class: "note" });
  const button = h(
    "button",
    { type: "button", class: "primary", onclick: begin },
    t("Run the experiment"),
  );
  const stop = h(
    "button",
    { type: "button", hidden: true, onclick: () => running?.stop() },
    t("Stop"),
  );
  /** @type {ReturnType<typeof experiment> | null} */
  let running = null;
  root.append(
    h(
      "div",
      { class: "controls above" },
      select(
        t("Vary"),
        Object.entries(KNOBS).map(([value, { text }]) => ({ value, text })),
        knob,
        (next) => {
          knob = next;
          tellPlan();
        },
      ),
      slider({
        label: t("Seeds"),
        min: 2,
        max: 20,
        value: seeds,
        oninput: (v) => {
          seeds = v;
          tellPlan();
        },
      }).element,
      button,
      stop,
    ),
    plan,
    picture,
    status,
    table,
  );
  whileVisible(root, ["finished"], tellPlan);

  function tellPlan() {
    const { text, values } = KNOBS[knob];
    const words = {
      n: values.length * seeds,
      knob: text,
      values: values.map(plain).join(" · "),
      seeds,
    };
    plan.textContent = t("{n} trainings of fast: {knob} {values}, each with {seeds} seeds.", words);
    clearTimeout(timer);
    timer = window.setTimeout(async () => {
      if (running || isLive(store.get().training)) return; // it would be measured beside another
      const asked = timer;
      const seconds = await secondsForAll(knob, seeds).catch(() => null);
      if (seconds === null || asked !== timer) return;
      plan.textContent = t(
        "{n} trainings of fast: {knob} {values}, each with {seeds} seeds: {time} on this computer.",
        { ...words, time: about(seconds) },
      );
    }, HESITATION);
  }

  async function begin() {
    const name = knob;
    const { recipe, network } = varied();
    const { values } = KNOBS[name];
    const total = values.length * seeds;
    /** @type {Result[]} */
    const results = [];
    button.disabled = true;
    stop.hidden = false;
    table.replaceChildren();
    status.textContent = t("Beginning …");
    try {
      running = experiment({ recipe, network, knob: name, values, seeds }, ({ text, result }) => {
        if (result) results.push(result);
        if (result) draw(results, null, name);
        status.textContent =
          text ?? t("{done} of {all} trained.", { done: results.length, all: total });
      });
      await running.done;
      draw(results, summary(results, values), name);
    } catch (error) {
      status.textContent = t("That did not work: {why}", {
        why: String(error instanceof Error ? error.message : error),
      });
    }
    running = null;
    stop.hidden = true;
    button.disabled = false;
  }

  /** @param {Result[]} results @param {any[] | null} rows @param {string} name */
  function draw(results, rows, name) {
    picture.replaceChildren(strips(results, KNOBS[name]?.text ?? name));
    if (!rows) return table.replaceChildren();
    status.textContent = t(
      "Measured on 10,000 training digits held out, not on the test set: choosing is learning.",
    );
    const head = [
      KNOBS[name]?.text ?? name,
      t("mean"),
      t("spread (sd), percentage points"),
      "n",
    ].map((text) => h("th", { scope: "col" }, text));
    table.replaceChildren(
      h(
        "table",
        { class: "ledger" },
        h("thead", {}, h("tr", {}, head)),
        h(
          "tbody",
          {},
          rows.map(({ value, mean, sd, n }) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, plain(value)),
              h("td", {}, mean === null ? "–" : percent(mean, 2)),
              h("td", {}, sd === null ? "–" : fixed(100 * sd, 2)),
              h("td", {}, n),
            ),
          ),
        ),
      ),
    );
  }
}

/** What is trained again and again. */
function varied() {
  const recipe = api.recipes().find((item) => item.name === "fast");
  const network = api.networks().find((item) => item.name === recipe.network);
  return { recipe, network: /** @type {import("../../network/spec.js").Network} */ (network) };
}

/** Seconds that an experiment takes. @param {string} knob @param {number} seeds */
async function secondsForAll(knob, seeds) {
  const { recipe, network } = varied();
  const { values } = KNOBS[knob];
  const each = await Promise.all(
    values.map((value) => secondsFor({ ...recipe, [knob]: value }, network, 1)),
  );
  const all = seeds * each.reduce((sum, one) => sum + one, 0);
  return all / atOnce(values.length * seeds);
}

/** Mean and standard deviation for each value. @param {Result[]} results @param {unknown[]} values */
function summary(results, values) {
  return values.map((value) => {
    const known = results
      .filter((result) => result.value === value && result.accuracy !== null)
      .map(({ accuracy }) => Number(accuracy));
    const n = known.length;
    const mean = n ? known.reduce((a, b) => a + b, 0) / n : null;
    const sd =
      mean !== null && n > 1
        ? Math.sqrt(known.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (n - 1))
        : null;
    return { value, mean, sd, n };
  });
}

/** Each result a dot, each value a line of them, the mean a stroke. @param {Result[]} results @param {string} name */
function strips(results, name) {
  const values = [...new Set(results.map(({ value }) => String(value)))];
  const good = results
    .filter(({ accuracy }) => accuracy !== null)
    .map(({ accuracy }) => Number(accuracy));
  if (good.length === 0) return h("p", { class: "note" }, t("Nothing to show yet."));
  const low = Math.min(...good),
    high = Math.max(...good);
  const [from, to] = [low - (high - low || 0.01) * 0.1, high + (high - low || 0.01) * 0.1];
  const x = (/** @type {number} */ v) => 20 + ((v - from) / (to - from)) * 600;
  const height = 46 * values.length + 50;
  const root = svg("svg", {
    class: "chart fixed",
    viewBox: `0 0 640 ${height}`,
    role: "img",
    "aria-label": t("Accuracies for each {knob}: {list}", {
      knob: name,
      list: values
        .map(
          (value) =>
            `${plain(value)}: ${results
              .filter((r) => String(r.value) === value)
              .map((r) => (r.accuracy === null ? t("failed") : percent(r.accuracy, 2)))
              .join(", ")}`,
        )
        .join("; "),
    }),
  });
  values.forEach((value, i) => {
    const own = results
      .filter((result) => String(result.value) === value && result.accuracy !== null)
      .map(({ accuracy }) => Number(accuracy));
    const y = 48 + 46 * i;
    const mean = own.reduce((a, b) => a + b, 0) / own.length;
    root.append(
      svg("text", { class: "tick", x: 20, y: y - 16 }, `${name} ${plain(value)}`),
      svg("line", { class: "grid", x1: 20, x2: 620, y1: y, y2: y }),
      ...own.map((accuracy) => svg("circle", { class: "dot", cx: x(accuracy), cy: y, r: 5 })),
      svg("line", { class: "at", x1: x(mean), x2: x(mean), y1: y - 12, y2: y + 12 }),
    );
  });
  root.append(
    svg("text", { class: "tick", x: 20, y: height - 8 }, percent(from, 2)),
    svg("text", { class: "tick", x: 620, y: height - 8, "text-anchor": "end" }, percent(to, 2)),
    svg(
      "text",
      { class: "axis", x: 320, y: height - 8, "text-anchor": "middle" },
      t("right; stroke: mean"),
    ),
  );
  return root;
}
