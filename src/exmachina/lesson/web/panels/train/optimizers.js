/** Train: how three optimizers turn a weight's gradient into a step, written out with its numbers. */

import { PLAIN } from "../../engine/model.js";
import { h } from "../../marks/dom.js";
import { raised, significant } from "../../marks/format.js";
import { take } from "../../network/optimizers.js";
import { t } from "../../texts.js";
import { slider } from "../shared.js";

/**
 * @typedef {import("../../engine/model.js").OptimizerSettings} OptimizerSettings
 * @typedef {{steps: number, losses: number[], weights: Float32Array, gradient: Float32Array, first: Float32Array,
 *   second: Float32Array}} Looked what an optimizer knows of a tensor
 */

/** @type {Record<string, {title: string, rate: number, settings: OptimizerSettings}>} with their usual settings */
export const OPTIMIZERS = {
  sgd: { title: "SGD", rate: 0.1, settings: { ...PLAIN, momentum: 0.9 } },
  adamw: { title: "AdamW", rate: 0.0032, settings: { ...PLAIN, optimizer: "adamw" } },
  adadelta: {
    title: "Adadelta",
    rate: 1,
    settings: { ...PLAIN, optimizer: "adadelta", epsilon: 1e-7 },
  },
};

const RATES = Array.from({ length: 31 }, (_, i) => Number((10 ** (-4 + i / 6)).toPrecision(2)));

/** @param {Looked} looked @param {number} position */
export const before = ({ steps, weights, gradient, first, second }, position) => ({
  steps,
  weight: weights[position],
  gradient: gradient[position],
  first: first[position],
  second: second[position],
});

/**
 * One card for each optimizer, with its learning rate.
 * @param {() => void} onrate
 */
export function optimizerCards(onrate) {
  /** @type {Record<string, number>} */
  const rates = Object.fromEntries(
    Object.entries(OPTIMIZERS).map(([name, { rate }]) => [name, rate]),
  );
  const cards = Object.entries(OPTIMIZERS).map(([name, { title, rate, settings }]) => {
    const lines = h("ul", { class: "written" });
    const result = h("p", { class: "note" });
    const element = h(
      "section",
      { class: "optimizer", "aria-label": title },
      h("h4", {}, title),
      slider({
        label: t("Learning rate"),
        min: 0,
        max: RATES.length - 1,
        value: RATES.findIndex((one) => Math.abs(one / rate - 1) < 0.05),
        format: (i) => String(RATES[i]),
        oninput: (i) => {
          rates[name] = RATES[i];
          onrate();
        },
      }).element,
      lines,
      result,
    );
    return { name, settings, element, lines, result };
  });

  /** @param {Record<string, Looked>} looked @param {number} position */
  function render(looked, position) {
    for (const { name, settings, lines, result } of cards) {
      const now = before(looked[name], position);
      const next = take(settings, rates[name], now);
      const written = WRITTEN[settings.optimizer](settings, rates[name], now, next);
      lines.replaceChildren(...written.map(([text, strong]) => h("li", { class: strong }, text)));
      const { losses } = looked[name];
      const [start, end] = [losses[0], losses[losses.length - 1]].map((loss) =>
        significant(loss, 4),
      );
      result.textContent = now.steps
        ? t("Loss {start} → {end}, {steps} taken by all weights.", {
            start,
            end,
            steps: now.steps === 1 ? t("1 step") : t("{count} steps", { count: now.steps }),
          })
        : t("Loss {start}, no step taken yet.", { start });
    }
  }
  return {
    element: h(
      "div",
      { class: "optimizers" },
      cards.map(({ element }) => element),
    ),
    rates,
    render,
    /** A narrow screen shows this one alone. @param {string} chosen */
    choose(chosen) {
      for (const { name, element } of cards) element.classList.toggle("chosen", name === chosen);
    },
  };
}

const n = (/** @type {number} */ value) => significant(value, 3);
/** Within a formula: in brackets if it has a sign or a power of its own. @param {number} value */
const b = (value) => (value < 0 || n(value).includes("·") ? `(${n(value)})` : n(value));

/** @param {import("../../network/optimizers.js").Before} now @param {import("../../network/optimizers.js").After} next @returns {[string, string]} */
const weightLine = ({ weight }, { weight: moved }) => [
  `w: ${significant(weight, 5)} → ${significant(moved, 5)}`,
  "strong",
];

/**
 * @typedef {import("../../network/optimizers.js").Before} Before
 * @typedef {import("../../network/optimizers.js").After} After
 * @typedef {(settings: OptimizerSettings, rate: number, now: Before, next: After) => [string, string][]} Writer
 */

/** The lines of each optimizer's arithmetic, with the class of each. @type {Record<string, Writer>} */
const WRITTEN = {
  sgd: ({ momentum }, rate, now, next) => [
    [`g = ${n(now.gradient)}`, ""],
    [`v = ${momentum} · ${b(now.first)} + ${b(now.gradient)} = ${n(next.first)}`, ""],
    [
      `${t("step")} = −${rate} · (${n(now.gradient)} + ${momentum} · ${b(next.first)}) = ${n(next.step)}`,
      "",
    ],
    weightLine(now, next),
  ],
  adamw: ({ betas: [one, two] }, rate, now, next) => {
    const time = now.steps + 1;
    const mean = next.first / (1 - one ** time);
    const square = next.second / (1 - two ** time);
    return [
      [`g = ${n(now.gradient)}`, ""],
      [`m = ${one} · ${b(now.first)} + ${rest(one)} · ${b(now.gradient)} = ${n(next.first)}`, ""],
      [
        `s = ${two} · ${b(now.second)} + ${rest(two)} · ${b(now.gradient)}² = ${n(next.second)}`,
        "",
      ],
      [
        `m̂ = m / (1 − ${one}${raised(time)}) = ${n(mean)},  ŝ = s / (1 − ${two}${raised(time)}) = ${n(square)}`,
        "",
      ],
      [`${t("step")} = −${rate} · ${b(mean)} / (√${b(square)} + 10⁻⁸) = ${n(next.step)}`, ""],
      weightLine(now, next),
    ];
  },
  adadelta: ({ rho }, rate, now, next) => [
    [`g = ${n(now.gradient)}`, ""],
    [`s = ${rho} · ${b(now.first)} + ${rest(rho)} · ${b(now.gradient)}² = ${n(next.first)}`, ""],
    [
      `${t("step")} = −${rate} · √(${n(now.second)} + 10⁻⁷) / √(${n(next.first)} + 10⁻⁷) · ${b(now.gradient)} = ${n(next.step)}`,
      "",
    ],
    weightLine(now, next),
  ],
};

/** @param {number} part */
const rest = (part) => Number((1 - part).toPrecision(6));
