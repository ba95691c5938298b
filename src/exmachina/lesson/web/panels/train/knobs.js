/** Train: recipe and knobs for the next training, kept over a reload; the learning rate can be turned while one is under way. */

import * as api from "../../api.js";
import { h } from "../../marks/dom.js";
import { about, plain } from "../../marks/format.js";
import { keep, recall } from "../../kept.js";
import { store } from "../../state.js";
import { t } from "../../texts.js";
import { secondsFor, stepsOf } from "../../timing.js";
import { lead } from "../../trainer.js";
import { isLive, train, trainingName } from "../../training.js";
import { select, slider, whileVisible } from "../shared.js";

const MOST_EPOCHS = 6; // longer ones take a quarter of an hour, which is a matter for the command line
const RATES = Array.from({ length: 25 }, (_, i) => Number((10 ** (-4 + i / 6)).toPrecision(2)));
const BATCHES = [16, 32, 64, 128, 256, 512, 1024];
const HESITATION = 600; // milliseconds without a change, after which the time is estimated

/** The values of a knob with the recipe's own among them, smallest first. @param {number[]} values @param {number} own */
const among = (values, own) => [...new Set([...values, own])].sort((a, b) => a - b);

/** @param {HTMLElement} root the panel @param {() => number} pace */
export function knobs(root, pace) {
  const recipes = api.recipes().filter(({ epochs }) => epochs <= MOST_EPOCHS);
  const last = recall("knobs", { recipe: "fast", changes: {}, seed: 0, own: false });
  let recipe = recipes.find(({ name }) => name === last.recipe) ?? recipes[0];
  /** @type {Record<string, number | string>} */
  let changes = last.changes;
  let { seed, own } = last;
  let timer = 0;
  const form = h("div", { class: "order-form" });
  const estimate = h("p", { class: "note estimate" });

  /** What the next training will be. */
  function order() {
    const built = own ? store.get().built : null;
    const known = api.networks().find(({ name }) => name === recipe.network);
    const network = built ?? /** @type {import("../../network/spec.js").Network} */ (known);
    return { recipe, network, changes: { ...changes }, seed };
  }

  /** @param {Record<string, number | string>} [change] */
  function changed(change = {}) {
    changes = { ...changes, ...change };
    keep("knobs", { recipe: recipe.name, changes, seed, own });
    tellTime();
  }

  function tellTime() {
    const { network } = order();
    const wanted = { ...recipe, ...changes };
    const plan = { steps: stepsOf(wanted), batch: wanted.batch_size };
    estimate.textContent = t("{steps} steps of {batch} digits each.", plan);
    clearTimeout(timer);
    timer = window.setTimeout(async () => {
      if (isLive(store.get().training)) return; // it would be measured beside another
      const seconds = await secondsFor(wanted, network).catch(() => null);
      if (seconds === null || order().network !== network) return;
      estimate.textContent = t("{steps} steps of {batch} digits each: {time} on this computer.", {
        ...plan,
        time: about(seconds),
      });
    }, HESITATION);
  }

  function rebuild() {
    const now = { ...recipe, ...changes };
    const rates = among(RATES, now.learning_rate);
    const batches = among(BATCHES, now.batch_size);
    const sources = recipes.map(({ name }) => ({ value: name, text: name }));
    if (store.get().built) sources.push({ value: "", text: t("your own blocks") });
    form.replaceChildren(
      select(t("Recipe"), sources, own && store.get().built ? "" : recipe.name, (name) => {
        own = name === "";
        recipe = recipes.find((item) => item.name === name) ?? recipe;
        changes = {};
        rebuild();
        changed();
      }),
      slider({
        label: t("Learning rate"),
        min: 0,
        max: rates.length - 1,
        value: rates.indexOf(now.learning_rate),
        format: (i) => plain(rates[i]),
        oninput: (i) => {
          changed({ learning_rate: rates[i] });
          turn({ rate: rates[i] });
        },
      }).element,
      slider({
        label: t("Epochs"),
        min: 0.05,
        max: MOST_EPOCHS,
        step: 0.01,
        value: now.epochs,
        format: plain,
        oninput: (epochs) => changed({ epochs }),
      }).element,
      slider({
        label: t("Batch"),
        min: 0,
        max: batches.length - 1,
        value: batches.indexOf(now.batch_size),
        format: (i) => String(batches[i]),
        oninput: (i) => changed({ batch_size: batches[i] }),
      }).element,
      select(
        t("Optimizer"),
        ["adamw", "sgd", "adadelta"].map((value) => ({ value, text: value })),
        now.optimizer,
        (optimizer) => changed({ optimizer }),
      ),
      slider({
        label: t("Seed"),
        min: 0,
        max: 20,
        value: seed,
        oninput: (v) => {
          seed = v;
          changed();
        },
      }).element,
    );
  }
  store.watch(["built", "own"], (state) => {
    if (state.own && state.built) own = true;
    if (!form.contains(document.activeElement)) rebuild();
    store.set({ own: false });
  });
  whileVisible(root, ["built", "training"], tellTime);

  /** @param {Parameters<typeof lead>[1]} wishes for the training under way, if there is one */
  function turn(wishes) {
    const { training } = store.get();
    if (training && isLive(training)) lead(training.id, wishes);
  }
  return {
    element: form,
    estimate,
    start: () => {
      const wanted = order();
      const over = train(
        wanted,
        trainingName(recipe, { ...wanted, own: own && wanted.network === store.get().built }),
      );
      turn({ pace: pace() });
      return over;
    },
  };
}
