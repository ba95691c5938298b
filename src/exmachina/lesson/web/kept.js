/**
 * Small things that outlast a reload, in localStorage: the way through the page, guesses, exercises. Where a browser
 * keeps nothing, they last as long as the page.
 */

const PREFIX = "exmachina.";

/**
 * @template {object} Thing
 * @param {string} name
 * @param {Thing} otherwise what is missing is taken from it
 * @returns {Thing}
 */
export function recall(name, otherwise) {
  try {
    return { ...otherwise, ...JSON.parse(localStorage.getItem(PREFIX + name) ?? "{}") };
  } catch {
    return otherwise;
  }
}

/** @param {string} name @param {object} thing */
export function keep(name, thing) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(thing));
  } catch {
    // A full or closed store; the page itself goes on.
  }
}
