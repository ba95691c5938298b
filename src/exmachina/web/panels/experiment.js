/** Train: the same recipe several times for each value of a knob; every result and its spread. */

import * as api from "../api.js";
import { svg, h } from "../marks/dom.js";
import { percent } from "../marks/format.js";
import { recordedText } from "./recorded.js";
import { segments, select, slider } from "./shared.js";

/** @typedef {{value: unknown, seed: number, accuracy: number | null}} Result */

const KNOBS = /** @type {Record<string, {text: string, values: (number | string)[]}>} */ ({
  learning_rate: { text: "learning rate", values: [0.001, 0.003, 0.01, 0.03] },
  batch_size: { text: "batch size", values: [64, 128, 256, 512] },
  epochs: { text: "epochs", values: [0.25, 0.5, 1, 2] },
  label_smoothing: { text: "label smoothing", values: [0, 0.05, 0.1, 0.2] },
  optimizer: { text: "optimizer", values: ["adamw", "sgd"] },
});

/** @param {HTMLElement} root */
export function mount(root) {
  const picture = h("div", {});
  const status = h("p", { class: "note", role: "status" });
  const table = h("div", {});
  if (api.isStatic()) {
    const recorded = api.recordedExperiments();
    if (recorded.length === 0) return void root.append(h("p", { class: "note" }, "An experiment trains networks, so it needs the lesson's server: run exmachina lesson on your computer."));
    const show = (/** @type {number} */ i) => {
      draw(recorded[i].results, recorded[i].table, Object.keys(recorded[i].vary ?? {})[0]);
      status.textContent = recordedText(recorded[i]);
    };
    const choices = recorded.map((item, value) => ({ value, text: Object.keys(item.vary ?? {}).map((knob) => KNOBS[knob]?.text ?? knob).join(", ") || item.recipe }));
    root.append(choices.length > 1 ? segments("Recorded experiment", choices, 0, show) : "", picture, status, table);
    return show(0);
  }
  let knob = "learning_rate";
  let seeds = 3;
  const button = h("button", { type: "button", class: "primary", onclick: begin }, "Run the experiment");
  root.append(
    h("div", { class: "controls above" }, select("Vary", Object.entries(KNOBS).map(([value, { text }]) => ({ value, text })), knob, (next) => (knob = next)), slider({ label: "Seeds", min: 2, max: 8, value: seeds, oninput: (v) => (seeds = v) }).element, button),
    picture, status, table,
  );

  // After a reload, the latest experiment is still there, finished or not.
  api.jobs().then((jobs) => {
    const last = jobs.filter(({ kind }) => kind === "experiment").pop();
    if (last && !button.disabled) watch(last.id, Object.keys(last.vary)[0] ?? "");
  }, fail);

  async function begin() {
    button.disabled = true;
    const chosen = knob;
    try {
      const { id } = await api.startExperiment({ recipe: "fast", vary: { [chosen]: KNOBS[chosen].values }, seeds });
      watch(id, chosen);
    } catch (error) {
      fail(error);
    }
  }

  /** @param {unknown} error */
  function fail(error) {
    status.textContent = error instanceof Error ? error.message : String(error);
    button.disabled = false;
  }

  /** @param {string} id @param {string} chosen the knob that it varies */
  function watch(id, chosen) {
    button.disabled = true;
    /** @type {Result[]} */
    const results = [];
    let total = 0;
    api.follow("experiments", id, (event) => {
      if (event.type === "queued") status.textContent = event.position > 0 ? `${event.position} trainings before yours.` : "Yours is next.";
      if (event.type === "started") total = event.total;
      if (event.type === "result") results.push(event);
      if (event.type === "result" || event.type === "started") {
        draw(results, null, chosen);
        status.textContent = `${results.length} of ${total} trained.`;
      }
      if (event.type === "error") status.textContent = `That did not work: ${event.error}`;
      if (["end", "stopped"].includes(event.type)) draw(results, event.table, chosen);
      if (["end", "stopped", "error"].includes(event.type)) button.disabled = false;
    });
  }

  /** @param {Result[]} results @param {any[] | null} rows @param {string} name */
  function draw(results, rows, name) {
    picture.replaceChildren(strips(results, KNOBS[name]?.text ?? name));
    if (!rows) return table.replaceChildren();
    status.textContent = "Measured on training digits held out, not on the test set: choosing is learning.";
    const head = [KNOBS[name]?.text ?? name, "mean", "spread (sd)", "n"].map((text) => h("th", { scope: "col" }, text));
    table.replaceChildren(
      h("table", { class: "ledger" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows.map(({ value, mean, sd, n }) => h("tr", {}, h("th", { scope: "row" }, String(value)), h("td", {}, mean === null ? "–" : percent(mean, 2)), h("td", {}, sd === null ? "–" : percent(sd, 2)), h("td", {}, n))))),
    );
  }
}

/** Each result a dot, each value a line of them, the mean a stroke. @param {Result[]} results @param {string} name */
function strips(results, name) {
  const values = [...new Set(results.map(({ value }) => String(value)))];
  const good = results.filter(({ accuracy }) => accuracy !== null).map(({ accuracy }) => Number(accuracy));
  if (good.length === 0) return h("p", { class: "note" }, "Nothing to show yet.");
  const low = Math.min(...good), high = Math.max(...good);
  const [from, to] = [low - (high - low || 0.01) * 0.1, high + (high - low || 0.01) * 0.1];
  const x = (/** @type {number} */ v) => 20 + ((v - from) / (to - from)) * 600;
  const height = 46 * values.length + 50;
  const root = svg("svg", { class: "chart fixed", viewBox: `0 0 640 ${height}`, role: "img", "aria-label": `Accuracies for each ${name}: ${values.map((value) => `${value}: ${results.filter((r) => String(r.value) === value).map((r) => (r.accuracy === null ? "failed" : percent(r.accuracy, 2))).join(", ")}`).join("; ")}` });
  values.forEach((value, i) => {
    const own = results.filter((result) => String(result.value) === value && result.accuracy !== null).map(({ accuracy }) => Number(accuracy));
    const y = 42 + 46 * i;
    const mean = own.reduce((a, b) => a + b, 0) / own.length;
    root.append(
      svg("text", { class: "tick", x: 20, y: y - 16 }, `${name} ${value}`),
      svg("line", { class: "grid", x1: 20, x2: 620, y1: y, y2: y }),
      ...own.map((accuracy) => svg("circle", { class: "dot", cx: x(accuracy), cy: y, r: 5 })),
      svg("line", { class: "at", x1: x(mean), x2: x(mean), y1: y - 12, y2: y + 12 }),
    );
  });
  root.append(svg("text", { class: "tick", x: 20, y: height - 8 }, percent(from, 2)), svg("text", { class: "tick", x: 620, y: height - 8, "text-anchor": "end" }, percent(to, 2)), svg("text", { class: "axis", x: 320, y: height - 8, "text-anchor": "middle" }, "right; stroke: mean"));
  return root;
}
