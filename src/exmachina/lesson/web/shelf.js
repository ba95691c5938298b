/**
 * What the reader made, kept in this browser: finished trainings and drawings, in IndexedDB. Where a browser keeps
 * nothing (a private window), it lasts as long as the page.
 *
 * @typedef {"runs" | "drawings"} Kind
 */

import { t } from "./texts.js";

const NAME = "exmachina";
const VERSION = 1;
const KINDS = /** @type {const} */ (["runs", "drawings"]);

/** @type {Record<Kind, Map<string, any>>} */
const inMemory = { runs: new Map(), drawings: new Map() };
/** @type {Promise<IDBDatabase | null> | undefined} */
let opening;

/** @returns {Promise<IDBDatabase | null>} null where nothing can be kept */
function database() {
  opening ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open(NAME, VERSION);
      request.onupgradeneeded = () =>
        KINDS.forEach((kind) => request.result.createObjectStore(kind, { keyPath: "id" }));
      request.onsuccess = () => resolve(request.result);
      request.onerror = request.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  return opening;
}

/**
 * @template T
 * @param {Kind} kind
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T | null>} null where nothing can be kept
 */
async function inStore(kind, mode, act) {
  const opened = await database();
  if (!opened) return null;
  return new Promise((resolve, reject) => {
    const request = act(opened.transaction(kind, mode).objectStore(kind));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () =>
      reject(new Error(t("This browser has no room left to keep it; delete something first.")));
  });
}

/** Everything of a kind, oldest first. @param {Kind} kind @returns {Promise<any[]>} */
export async function all(kind) {
  const kept = (await inStore(kind, "readonly", (store) => store.getAll())) ?? [
    ...inMemory[kind].values(),
  ];
  return kept.sort((a, b) => a.created - b.created);
}

/** Keep a thing, or its new state. @param {Kind} kind @param {{id: string, created: number}} thing */
export async function put(kind, thing) {
  inMemory[kind].set(thing.id, thing);
  await inStore(kind, "readwrite", (store) => store.put(thing));
}

/** Forget one, or all of a kind. @param {Kind} kind @param {string} [id] */
export async function remove(kind, id) {
  if (id) inMemory[kind].delete(id);
  else inMemory[kind].clear();
  await inStore(
    kind,
    "readwrite",
    (store) => /** @type {IDBRequest<any>} */ (id ? store.delete(id) : store.clear()),
  );
}

let last = 0;
/** A name that nothing else here has. */
export function newId() {
  last = Math.max(Date.now(), last + 1);
  return `mine-${last.toString(36)}`;
}
