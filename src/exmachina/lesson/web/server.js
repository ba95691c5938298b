/**
 * What only a lesson's server has: the class's drawings, for the teacher, and a place for runs on the host's computer.
 *
 * @typedef {import("./class/drawings.js").Wall} Wall
 * @typedef {{per_minute: number, requests: number, refused: number, received: number, seconds_ago: number, stopped: boolean}} Asked
 * @typedef {Asked & {address: string, you: boolean, browsers: (Asked & {number: number})[]}} Visitor
 * @typedef {{left: number, top: number, width: number, height: number}} Box
 * @typedef {{digit: number | null, probability: number, second: number | null, unsure: boolean, box: Box, image: number[]}} Glyph
 * @typedef {{text: string, probability: number, unsure: boolean, row: number, column: number, box: Box, glyphs: Glyph[]}} Field
 * @typedef {{width: number, height: number, rows: number, columns: number, fields: Field[]}} Page
 */

import { fetchJson, hasServer, request } from "./host.js";

/** @type {Promise<{teacher: boolean, saves: boolean}> | undefined} */
let rightsOnce;
/** What this visitor may do. */
export function rights() {
  rightsOnce ??= hasServer()
    ? fetchJson("api/v1/you")
    : Promise.resolve({ teacher: false, saves: false });
  return rightsOnce;
}

/** The class's drawings after number `after`, so many at a time. @param {number} after @returns {Promise<Wall>} */
export async function wall(after) {
  const answer = await fetchJson(`api/v1/class?after=${after}`);
  return {
    ...answer,
    drawings: answer.drawings.map(
      (/** @type {[number, number, string]} */ [id, label, pixels]) => ({
        id,
        label,
        image: Uint8Array.from(atob(pixels), (character) => character.charCodeAt(0)),
      }),
    ),
  };
}

/** Take a drawing off the wall, or all of them. @param {number} [id] */
export const takeDown = (id) =>
  request(`api/v1/class${id === undefined ? "" : `/${id}`}`, { method: "DELETE" });

/** Who asks how much, whoever asks most first. @returns {Promise<Visitor[]>} */
export const visitors = () => fetchJson("api/v1/class/visitors");

/**
 * Stop an address, or one browser there, or let it in again.
 * @param {string} address @param {boolean} stopped @param {number} [browser]
 */
export const stopVisitor = (address, stopped, browser) =>
  request(`api/v1/class/visitors/${encodeURIComponent(address)}`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ stopped, ...(browser === undefined ? {} : { browser }) }),
  });

/** Where the class's drawings can be downloaded. @param {"png" | "idx"} format */
export const exportAddress = (format) => `api/v1/class/export?format=${format}`;

/**
 * Keep a run on the host's computer.
 * @param {Uint8Array} archive see run.js
 * @returns {Promise<{name: string, folder: string, test_accuracy: number}>} measured by the server
 */
export async function saveRun(archive) {
  const response = await request("api/v1/runs", {
    method: "POST",
    headers: { "Content-Type": "application/zip" },
    body: new Blob([/** @type {BlobPart} */ (archive)]),
  });
  return response.json();
}

/** Every digit of a page. @param {Blob} picture a PNG or JPEG @returns {Promise<Page>} */
export async function readPage(picture) {
  const response = await request("api/v1/read", {
    method: "POST",
    headers: { "Content-Type": picture.type },
    body: picture,
  });
  return response.json();
}
