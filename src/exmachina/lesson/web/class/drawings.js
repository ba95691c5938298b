/**
 * The class's drawings as the page knows them: what has come, what is gone, what is learned and what is held out.
 *
 * @typedef {{id: number, label: number, image: Uint8Array}} Drawing image: 784 bytes
 * @typedef {{count: number, learners: number, address: string | null, drawings: Drawing[]}} Wall what the server tells
 *   after a certain drawing; `count` and `learners` are of all
 */

import { inARow } from "../dataset.js";

/**
 * All drawings that there are now, asking only for those that are new. Numbers are given once and in order, so if what
 * is known and what is new are more than there are, something was taken down, and all are fetched again.
 * @param {Drawing[]} known oldest first
 * @param {(after: number) => Promise<Wall>} wall
 * @returns {Promise<Wall>}
 */
export async function catchUp(known, wall) {
  let drawings = known;
  for (;;) {
    const news = await wall(drawings[drawings.length - 1]?.id ?? 0);
    drawings = [...drawings, ...news.drawings];
    if (drawings.length > news.count) drawings = [];
    else if (drawings.length === news.count || news.drawings.length === 0)
      return { ...news, drawings };
    if (news.count === 0) return { ...news, drawings: [] };
  }
}

/**
 * Half of each digit to learn from and half to judge by, in turn. The same drawing sent twice stays on one side.
 * @param {Drawing[]} drawings
 */
export function split(drawings) {
  /** @type {Map<string, Drawing[]>} */
  const same = new Map();
  for (const drawing of drawings) {
    const key = `${drawing.label}:${drawing.image.join()}`;
    same.set(key, [...(same.get(key) ?? []), drawing]);
  }
  const turn = Array(10).fill(0);
  const [learned, heldOut] = [/** @type {Drawing[]} */ ([]), /** @type {Drawing[]} */ ([])];
  for (const group of same.values()) {
    const half = turn[group[0].label]++ % 2 ? heldOut : learned;
    half.push(...group);
  }
  return { learned, heldOut };
}

/** As the engine takes them. @param {Drawing[]} drawings @returns {import("../dataset.js").Digits} */
export const asDigits = (drawings) =>
  inARow(
    drawings.map(({ image }) => image),
    drawings.map(({ label }) => label),
  );
