/**
 * Questions to the engine about networks, answered beside the page. Each asker has a worker of its own, so that nobody
 * waits for another's long computation.
 *
 * @typedef {"explain" | "embed" | "slice" | "weigh" | "look" | "curve" | "step"} Task see engine/inspector.js
 */

import * as api from "./api.js";
import { t } from "./texts.js";

export function inspector() {
  /** @type {Worker | null} */
  let worker = null;
  let last = 0;
  let stops = 0;
  /** @type {Map<number, {resolve: (answer: any) => void, reject: (error: Error) => void, onNews: (news: any) => void}>} */
  const waiting = new Map();

  function begin() {
    const begun = new Worker(new URL("./engine/inspector.js", import.meta.url), { type: "module" });
    begun.onmessage = ({ data: { id, news, answer, error } }) => {
      const asker = waiting.get(id);
      if (!asker) return;
      if (news) return asker.onNews(news);
      waiting.delete(id);
      if (error) asker.reject(new Error(error));
      else asker.resolve(answer);
    };
    begun.onerror = (event) => {
      for (const { reject } of waiting.values())
        reject(new Error(event.message || t("the engine could not be started")));
      waiting.clear();
      worker = null;
    };
    return begun;
  }

  return {
    /**
     * @param {Task} task
     * @param {any} given
     * @param {(news: any) => void} [onNews]
     * @returns {Promise<any>} null if it was stopped
     */
    async ask(task, given, onNews = () => {}) {
      const stopsThen = stops;
      const module = await api.engineModule();
      if (stops !== stopsThen) return null;
      worker ??= begin();
      const id = ++last;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject, onNews });
        worker?.postMessage({ id, module, task, given });
      });
    },

    /** Let go of everything that was asked. */
    stop() {
      stops += 1;
      worker?.terminate();
      worker = null;
      for (const { resolve } of waiting.values()) resolve(null);
      waiting.clear();
    },
  };
}
