/**
 * The reader's own way through the page: route, deeds, guesses and exercises are recalled, kept, and followed.
 */

import { deedsBetween } from "./deeds.js";
import { exercises, newlySolved } from "./exercises.js";
import { keep, recall } from "./kept.js";
import { did, NO_PATH, routes } from "./routes.js";
import { FIRST_FOCUS, store } from "./state.js";

/** @type {(keyof import("./state.js").State)[]} */
const FOLLOWED = [
  "model",
  "result",
  "source",
  "strokes",
  "focus",
  "moment",
  "training",
  "finished",
  "kept",
  "answers",
];
const REST = 700; // milliseconds without a change: the pen rests, and what stands there is meant

/** What was kept here, before anything is shown. */
export function recallWay() {
  store.set({
    path: recall("path", NO_PATH),
    answers: recall("guesses", {}),
    solved: recall("exercises", {}),
  });
  store.watch(["path"], ({ path }) => keep("path", path));
  store.watch(["answers"], ({ answers }) => keep("guesses", answers));
  store.watch(["solved"], ({ solved }) => keep("exercises", solved));
}

/** Tick what is done from now on, and see when an exercise is solved. */
export function followWay() {
  const all = exercises();
  let before = { ...store.get() };
  const arrived = before.strokes; // a drawing that came with the address is somebody else's solution
  let focus = FIRST_FOCUS; // the neuron that the reader chose, in the network that is still looked at
  let timer = 0;
  store.watch(FOLLOWED, (now) => {
    const deeds = deedsBetween(now, before);
    if (deeds.includes("neuron")) focus = now.focus;
    else if (now.model !== before.model) focus = FIRST_FOCUS;
    before = { ...now };
    store.set({ path: did(now.path, deeds) });
    clearTimeout(timer);
    timer = window.setTimeout(check, REST);
  });
  followControls();

  function check() {
    const state = store.get();
    const strokes = state.strokes === arrived ? [] : state.strokes;
    const solved = newlySolved(all, { ...state, strokes, focus });
    const [first] = Object.keys(solved);
    if (first) store.set({ solved: { ...state.solved, ...solved }, justSolved: first });
  }
}

/** Stops whose deed is to use a control. */
function followControls() {
  const stops = Object.values(routes()).flatMap(({ stops }) => stops);
  for (const name of ["click", "change"])
    document.addEventListener(name, ({ target }) => {
      const used = stops.filter(
        ({ uses }) => uses && target instanceof Element && target.closest(uses),
      );
      store.set({
        path: did(
          store.get().path,
          used.map(({ id }) => id),
        ),
      });
    });
}

/** Forget the way, guesses and exercises; drawings and trainings stay. */
export function forgetWay() {
  store.set({ path: NO_PATH, answers: {}, solved: {}, justSolved: "" });
}
