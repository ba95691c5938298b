/**
 * What stands behind the page, and the only module that fetches. The page is plain files, the same on any host;
 * `site.json` says what there is, and whether a lesson's server stands behind it, which adds the class's collection.
 */

import { secondsToWait, turn } from "./busy.js";
import { t } from "./texts.js";

/** What was asked for did not come; `status`: what the host answered, if it did. */
export class HostError extends Error {
  /** @param {string} message @param {number} [status] */
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/** @type {any} */
let site = null;

/** Find out where the page lives. */
export async function openHost() {
  site = await fetchJson("site.json");
}

/** What `site.json` says. @returns {any} */
export const host = () => site;

/** Whether a lesson's server stands behind the page. */
export const hasServer = () => Boolean(site?.server);

/** @param {string} url */
export const fetchJson = async (url) => (await request(url)).json();

/** @param {string} path @param {unknown} body */
export async function post(path, body) {
  const options = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  return (await request(`api/v1/${path}`, options)).json();
}

/** Ask; if the server is busy and says for how long, wait and ask again. @param {string} url @param {RequestInit} [options] */
export async function request(url, options) {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url, options).catch(() => {
      throw new HostError(
        t(
          "The page's host does not answer; is the connection, or the lesson's server, still there?",
        ),
      );
    });
    if (response.ok) return response;
    const reason = await response.json().then(
      (/** @type {any} */ body) => body.error,
      () => null,
    );
    const seconds = secondsToWait(response, attempt);
    if (seconds === null || !(await turn(seconds, reason ?? t("The server is busy."))))
      throw new HostError(reason ?? `${response.status} ${response.statusText}`, response.status);
  }
}
