/**
 * The page's state: one plain object, and whoever wants to know when a part of it changes.
 *
 * Listeners run once per animation frame at most, after everything has been set.
 *
 * @template {Record<string, any>} State
 * @param {State} state
 */
export function createStore(state) {
  /** @type {{keys: (keyof State)[], listener: (state: State) => void}[]} */
  const listeners = [];
  /** @type {Set<keyof State>} */
  const changed = new Set();

  let waiting = false;

  function notify() {
    // A listener may set more; that is passed on before the picture is drawn, so nothing lags a frame behind.
    for (let round = 0; changed.size > 0 && round < 8; round++) {
      const keys = new Set(changed);
      changed.clear();
      for (const { keys: wanted, listener } of listeners)
        if (wanted.some((key) => keys.has(key))) listener(state);
    }
    waiting = false;
  }

  return {
    /** The state itself; read it, change it only with `set`. */
    get: () => state,

    /** @param {Partial<State>} patch */
    set(patch) {
      for (const key of /** @type {(keyof State)[]} */ (Object.keys(patch))) {
        if (state[key] === patch[key]) continue;
        state[key] = /** @type {any} */ (patch[key]);
        changed.add(key);
        if (!waiting) nextFrame(notify);
        waiting = true;
      }
    },

    /** Tell the listeners at once, where no frame will be drawn. */
    flush: notify,

    /**
     * Call `listener` now and whenever one of `keys` has changed.
     * @param {(keyof State)[]} keys
     * @param {(state: State) => void} listener
     */
    watch(keys, listener) {
      listeners.push({ keys, listener });
      listener(state);
    },
  };
}

/** Before the next picture is drawn; a hidden page, which draws none, does not wait. @param {() => void} callback */
function nextFrame(callback) {
  if (typeof requestAnimationFrame === "undefined" || document.hidden) setTimeout(callback, 0);
  else requestAnimationFrame(callback);
}
