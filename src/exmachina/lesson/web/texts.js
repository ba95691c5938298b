/**
 * What the page says, in the reader's language.
 *
 * A text is called by its English wording: `t("step {n} of {all}", { n, all })`.
 */

/**
 * @param {string} english
 * @param {Record<string, string | number>} [values] for `{names}` within it
 * @returns {string}
 */
export function t(english, values = {}) {
  return english.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
