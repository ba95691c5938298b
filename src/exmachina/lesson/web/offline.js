/**
 * Works offline after the first visit: a service worker that asks the host first and its own store where that fails.
 * The page registers it when there is nothing else to do; browsers allow it on https and on one's own computer.
 */

const STORE = "exmachina";

self.addEventListener("install", (event) => /** @type {any} */ (event).waitUntil(keepPage()));
self.addEventListener("activate", (event) =>
  /** @type {any} */ (event).waitUntil(/** @type {any} */ (self).clients.claim()),
);
self.addEventListener("fetch", (event) => {
  const { request } = /** @type {any} */ (event);
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || pathname.includes("/api/")) return;
  /** @type {any} */ (event).respondWith(freshOrKept(request));
});

/** Everything that is the page, but none of the training digits: those are kept when they are first fetched. */
async function keepPage() {
  const store = await caches.open(STORE);
  const { files } = await (await fetch("site.json")).json();
  await store.addAll(["./", "site.json", ...files]);
  /** @type {any} */ (self).skipWaiting();
}

/** Threads may share memory only in a page that lets no other site in; its own host may not know how to say so. */
const ALONE = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** @param {Response} response */
function alone({ body, status, statusText, headers }) {
  const all = new Headers(headers);
  for (const [name, value] of Object.entries(ALONE)) all.set(name, value);
  return new Response(body, { status, statusText, headers: all });
}

/** @param {Request} request */
async function freshOrKept(request) {
  const store = await caches.open(STORE);
  try {
    const response = await fetch(request);
    if (response.ok) store.put(request, response.clone());
    return alone(response);
  } catch (error) {
    const kept = await store.match(request, { ignoreSearch: true });
    if (kept) return alone(kept);
    throw error;
  }
}
