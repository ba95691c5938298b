/**
 * What the page says, in the reader's language.
 *
 * A text is called by its English wording: a literal with `{names}` in it. Other languages are catalogues from
 * that wording to theirs, `texts/de.json`; the prose of index.html is in them too, block by block.
 */

/** The page's languages, by what they call themselves. */
export const LANGUAGES = { en: "English", de: "Deutsch" };

/** @typedef {keyof typeof LANGUAGES} Language */

const CHOICE = "exmachina.language";
/** What of index.html is translated as a whole. */
const BLOCKS =
  "title, h1, h2, h3, h4, p, legend, label, figcaption, summary, button, .bar a, a.skip";

/** @type {Language} */
let spoken = "en";
/** @type {Record<string, string>} from the English wording */
let catalogue = {};

/** @returns {Language} */
export const language = () => spoken;

/** A text's wording as the catalogues have it: spaces that do not break are written as others. @param {string} english */
export const keyOf = (english) => english.replaceAll("\u00a0", " ");

/** @param {string} english */
const wording = (english) => catalogue[keyOf(english)] ?? english;

/** A number stays on the line with its % or unit, and with the one that it is multiplied by. @param {string} text */
const unbroken = (text) =>
  text.replace(/(?<=\d) (?=%|(?:[kM]B|s|min)\b)|(?<=×) | (?=×)/g, "\u00a0");

/**
 * @param {string} english
 * @param {Record<string, string | number>} [values] for `{names}` within it
 * @returns {string}
 */
export function t(english, values = {}) {
  return unbroken(wording(english).replace(/\{(\w+)\}/g, (_, name) => String(values[name])));
}

/** What a worker said: English is spoken there. @param {string} english */
export const translated = (english) => unbroken(wording(english));

/**
 * As `t`, with elements among the values.
 * @param {string} english
 * @param {Record<string, string | number | Node>} values
 * @returns {(string | Node)[]}
 */
export function parts(english, values) {
  return wording(english)
    .split(/\{(\w+)\}/)
    .map((part, i) => {
      const value = i % 2 ? values[part] : part;
      return value instanceof Node ? value : unbroken(String(value));
    });
}

/**
 * The language that somebody gets: what the address asks for, else what was chosen here before, else the first of the
 * browser's that the page speaks.
 * @param {{asked?: string | null, chosen?: string | null, preferred?: readonly string[]}} wishes
 * @returns {Language}
 */
export function languageFor({ asked, chosen, preferred = [] }) {
  const spoken = [asked, chosen, ...preferred]
    .map((tag) => tag?.toLowerCase().split("-")[0] ?? "")
    .find((tag) => tag in LANGUAGES);
  return /** @type {Language} */ (spoken ?? "en");
}

/** Remember a choice; the page speaks it from the next load on. @param {Language} choice */
export const chooseLanguage = (choice) => localStorage.setItem(CHOICE, choice);

/**
 * Speak the reader's language, in the page's own prose as well.
 * @param {(language: Language) => Promise<Record<string, string>>} fetchCatalogue
 */
export async function speak(fetchCatalogue) {
  const asked = new URLSearchParams(location.search).get("lang");
  const wanted = languageFor({
    asked,
    chosen: localStorage.getItem(CHOICE),
    preferred: navigator.languages,
  });
  if (asked === wanted) chooseLanguage(wanted);
  if (wanted === "en") return;
  catalogue = await fetchCatalogue(wanted);
  spoken = wanted;
  document.documentElement.lang = wanted;
  for (const block of document.querySelectorAll(BLOCKS)) translate(block);
  for (const named of document.querySelectorAll("main [aria-label], nav[aria-label]"))
    named.setAttribute("aria-label", t(named.getAttribute("aria-label") ?? ""));
}

/** A block of index.html; a choice keeps its radio button. @param {Element} block */
function translate(block) {
  const input = block.querySelector("input");
  const english = blockText(block.innerHTML);
  if (!(english in catalogue)) return;
  block.innerHTML = unbroken(catalogue[english]);
  if (input) block.prepend(input, " ");
}

/** A block's wording: without its input, and without the source's line breaks. @param {string} html */
export const blockText = (html) =>
  keyOf(html.replace(/<input[^>]*>/g, "").replaceAll("&nbsp;", " "))
    .replace(/\s+/g, " ")
    .trim();
