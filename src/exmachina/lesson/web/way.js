/**
 * The reader's own way through the page: route, deeds, guesses and exercises are recalled, kept, and followed.
 */

import { deedsBetween } from "./deeds.js";
import { exercises, newlySolved } from "./exercises.js";
import { keep, recall } from "./kept.js";
import { did, NO_PATH, routes } from "./routes.js";
import { store } from "./state.js";

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
  let before = { ...store.get() };
  store.watch(
    ["strokes", "source", "finished", "moment", "focus", "result", "kept", "answers"],
    (now) => {
      store.set({ path: did(now.path, deedsBetween(now, before)) });
      before = { ...now };
    },
  );
  followControls();
  const all = exercises();
  const given = before.strokes; // a drawing that came with the address is somebody else's solution
  let timer = 0;
  store.watch(["result", "finished", "moment", "focus", "training"], () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      const state = store.get();
      const own = state.strokes === given ? { ...state, strokes: [] } : state;
      const fresh = newlySolved(all, own);
      if (Object.keys(fresh).length)
        store.set({
          solved: { ...state.solved, ...fresh },
          justSolved: Object.keys(fresh)[0],
        });
    }, REST);
  });
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
