/** Train: one weight of a kernel, its gradient, the slope it stands on, and the step that each optimizer makes of it. */

import { h } from "../../marks/dom.js";
import { significant } from "../../marks/format.js";
import { lineChart } from "../../marks/chart.js";
import { slopeChart } from "../../marks/slope.js";
import { inspector } from "../../inspector.js";
import { argmax } from "../../network/forward.js";
import { take } from "../../network/optimizers.js";
import { store } from "../../state.js";
import { t } from "../../texts.js";
import { segments, whileVisible } from "../shared.js";
import { onTheDigit } from "./digitgradient.js";
import { FEW, fewDigits } from "./moments.js";
import { before, optimizerCards, OPTIMIZERS } from "./optimizers.js";
import { weightChooser } from "./weightchooser.js";

const REST = 250; // milliseconds that the network, the digit or a slider must rest
const POINTS = 41; // of the curve

/** @param {HTMLElement} root */
export function mount(root) {
  const engine = inspector();
  const cards = optimizerCards(() => later(drawCurve));
  const chooser = weightChooser(() => showWeight());
  const digit = onTheDigit();
  let optimizer = "adamw";
  let round = 0; // an answer to an earlier round is no longer wanted
  /** @type {Map<() => void, number>} */
  const timers = new Map();
  /** @type {import("../../api.js").Model | null} */
  let model = null;
  /** @type {Record<string, import("./optimizers.js").Looked> | null} */
  let looked = null;
  /** @type {{key: string, points: [number, number][]}} */
  let curve = { key: "", points: [] };
  const status = h("p", { class: "note", role: "status" });
  const slope = h("div", {});
  const slopeText = h("p", { class: "note" });
  const losses = h("div", {});
  const walk = [
    h(
      "button",
      { type: "button", class: "primary", onclick: () => walkOn(1) },
      t("Take this step"),
    ),
    h("button", { type: "button", onclick: () => walkOn(10) }, t("Ten steps")),
    h("button", { type: "button", onclick: begin }, t("Start again")),
  ];
  const which = segments(
    t("Whose step the curve shows"),
    Object.entries(OPTIMIZERS).map(([value, { title }]) => ({ value, text: title })),
    optimizer,
    (chosen) => {
      optimizer = chosen;
      cards.choose(chosen);
      showWeight();
    },
  );
  cards.choose(optimizer);
  root.classList.add("one-weight", "to-come");
  root.append(
    chooser.controls,
    h(
      "div",
      { class: "weight-view" },
      chooser.element,
      digit.element,
      h("div", { class: "slope-view" }, which, slope, slopeText),
    ),
    cards.element,
    h("div", { class: "controls" }, walk),
    status,
    losses,
  );

  /** @param {() => void} act */
  function later(act) {
    clearTimeout(timers.get(act));
    timers.set(act, window.setTimeout(act, REST));
  }

  /** @param {(mine: () => boolean) => Promise<void>} act */
  async function during(act) {
    const own = ++round;
    try {
      await act(() => own === round);
    } catch (error) {
      status.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  /** All three optimizers set out from the network that the page shows. */
  function begin() {
    return during(async (mine) => {
      ({ model } = store.get());
      if (!model) return;
      looked = null; // nothing is to be moved meanwhile
      status.textContent = t("Measuring the slopes …");
      const { network, weights } = model;
      const optimizers = Object.fromEntries(
        Object.entries(OPTIMIZERS).map(([name, { settings }]) => [name, settings]),
      );
      const { images, labels } = await fewDigits("train");
      const digits = { images, labels };
      const begun = await engine.ask("weigh", { network, weights, digits, optimizers });
      if (!begun || !mine()) return;
      if (chooser.use(network, begun.gradient)) digit.render(null, null);
      losses.replaceChildren();
      explainDigit();
      await lookAgain(mine);
      if (mine()) status.textContent = "";
    });
  }

  /** @param {() => boolean} mine */
  async function lookAgain(mine) {
    const answer = await engine.ask("look", { tensor: chooser.tensor() });
    if (!answer || !mine()) return;
    looked = answer;
    render();
    await askCurve(mine);
  }

  const showWeight = () => {
    if (looked) during(lookAgain);
  };
  const drawCurve = () => {
    render();
    if (looked) during(askCurve);
  };

  async function explainDigit() {
    const { model: shown, image, source, result } = store.get();
    if (shown !== model) return; // another is about to be looked at
    if (!shown || !image || !result) return digit.render(null, null);
    const label = source.label ?? argmax(result.logits);
    const { network, weights } = shown;
    const explained = await engine.ask("explain", { network, weights, image, label });
    if (explained && shown === model)
      digit.render({ network, image, label, explained }, chooser.chosen());
  }

  function render() {
    if (!looked) return;
    const { position } = chooser.chosen();
    chooser.render(looked[optimizer]);
    digit.move(chooser.chosen());
    cards.render(looked, position);
  }

  /** The loss along the chosen weight, and at the end of the next step. @param {() => boolean} mine */
  async function askCurve(mine) {
    if (!looked) return;
    const { position } = chooser.chosen();
    const tensor = chooser.tensor();
    const now = before(looked[optimizer], position);
    const next = take(OPTIMIZERS[optimizer].settings, cards.rates[optimizer], now);
    const { weights } = looked[optimizer];
    const rms = Math.sqrt(weights.reduce((sum, w) => sum + w * w, 0) / weights.length);
    const range = Math.max(1.2 * rms, 1.3 * Math.abs(next.step));
    const key = [model?.id, tensor, position, optimizer, now.steps, now.weight, range].join(" ");
    const values = Array.from(
      { length: POINTS },
      (_, i) => now.weight + range * ((2 * i) / (POINTS - 1) - 1),
    );
    const wanted = key === curve.key ? [] : values;
    const question = { optimizer, tensor, position, values: [next.weight, ...wanted] };
    const answer = await engine.ask("curve", question);
    if (!answer || !mine()) return;
    const [goal, ...heights] = answer;
    if (heights.length) {
      const points = values.map((w, i) => /** @type {[number, number]} */ ([w, heights[i]]));
      curve = { key, points };
    }
    drawSlope(now, next, goal);
  }

  /** @param {ReturnType<typeof before>} now @param {import("../../network/optimizers.js").After} next @param {number} goal */
  function drawSlope(now, next, goal) {
    const here = looked?.[optimizer].losses.at(-1) ?? 0;
    const { title } = OPTIMIZERS[optimizer];
    const text = t(
      "The loss as this weight alone changes. Slope {slope}: by it, {name}'s step of {step} would take the loss from {here} to {promised}; it takes it to {there}.",
      {
        slope: significant(now.gradient, 3),
        name: title,
        step: significant(next.step, 3),
        here: significant(here, 5),
        promised: significant(here + now.gradient * next.step, 5),
        there: significant(goal, 5),
      },
    );
    slope.replaceChildren(
      slopeChart({
        points: curve.points,
        ball: [now.weight, here],
        slope: now.gradient,
        goal: [next.weight, goal],
        x: t("this weight"),
        y: t("loss on {count} digits", { count: FEW }),
        label: text,
      }),
    );
    slopeText.textContent = text;
    root.classList.remove("to-come"); // shown when there is something, and all at once
  }

  /** @param {number} count */
  function walkOn(count) {
    if (!looked) return;
    return during(async (mine) => {
      await engine.ask("step", { rates: cards.rates, count });
      await lookAgain(mine);
      if (mine()) tellWalk();
    });
  }

  function tellWalk() {
    if (!looked) return;
    const ends = Object.entries(looked).map(([name, { losses: all }]) =>
      t("{name} {loss}", {
        name: OPTIMIZERS[name].title,
        loss: significant(all[all.length - 1], 3),
      }),
    );
    status.textContent = t("After step {step}, loss: {ends}.", {
      step: looked[optimizer].steps,
      ends: ends.join(", "),
    });
    const lines = Object.entries(looked).map(([name, { losses: all }]) => ({
      name: OPTIMIZERS[name].title,
      points: all.map((loss, step) => /** @type {[number, number]} */ ([step, loss])),
      kind: /** @type {"main" | "other"} */ (name === optimizer ? "main" : "other"),
    }));
    losses.replaceChildren(
      lineChart(lines, {
        x: t("step"),
        y: t("loss on {count} digits", { count: FEW }),
        height: 240,
      }),
    );
  }

  whileVisible(root, ["model"], () => later(begin));
  whileVisible(root, ["image", "source"], ({ model: shown }) => {
    if (shown === model && looked) later(explainDigit);
  });
  whileVisible(root, ["theme"], render);
}
