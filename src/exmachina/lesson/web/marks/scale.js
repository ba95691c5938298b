/**
 * The one colour system: "pixel" (greys), "ink" (values ≥ 0) and "signed" (zero is always the paper's colour).
 * The inks themselves are in base.css.
 *
 * @typedef {"pixel" | "ink" | "signed"} Scale
 * @typedef {[number, number, number]} Rgb
 */

/** @type {Record<Scale, string[]>} from the lowest value to the highest */
const STOPS = {
  pixel: ["--pixel-0", "--pixel-1"],
  ink: ["--zero", "--amount-1", "--amount-2", "--amount-3", "--amount-4"],
  signed: [
    "--negative-3",
    "--negative-2",
    "--negative-1",
    "--zero",
    "--positive-1",
    "--positive-2",
    "--positive-3",
  ],
};

/** @type {Map<Scale, Uint8ClampedArray>} 256 colours, RGB */
const tables = new Map();

/** @type {WeakMap<Element, {ink: string, outline: string}>} */
let own = new WeakMap();

/** Forget the colours read so far; the theme has changed. */
export function forgetColours() {
  tables.clear();
  own = new WeakMap();
}

/** The colours that the style sheet gives an element; kept, for to ask means to style the whole page. @param {Element} element */
export function coloursOf(element) {
  const known = own.get(element);
  if (known) return known;
  const { color: ink, outlineColor: outline } = getComputedStyle(element);
  const colours = { ink, outline };
  own.set(element, colours);
  return colours;
}

/**
 * 256 colours of a scale, RGB after RGB.
 * @param {Scale} scale
 */
export function colourTable(scale) {
  let table = tables.get(scale);
  if (!table) {
    table = new Uint8ClampedArray(256 * 3);
    const stops = STOPS[scale].map(inkColour);
    for (let i = 0; i < 256; i++) {
      const at = (i / 255) * (stops.length - 1);
      const from = Math.min(Math.floor(at), stops.length - 2);
      for (let c = 0; c < 3; c++)
        table[3 * i + c] = stops[from][c] + (at - from) * (stops[from + 1][c] - stops[from][c]);
    }
    tables.set(scale, table);
  }
  return table;
}

/**
 * Position of a value in its scale's table, 0 … 255.
 * @param {number} value
 * @param {Scale} scale
 * @param {number} max the value that gets the strongest colour; signed scales run from −max to max
 */
export function position(value, scale, max) {
  const share = max > 0 ? value / max : 0;
  const at = scale === "signed" ? 127.5 + 127.5 * share : 255 * share;
  return Math.max(0, Math.min(255, Math.round(at)));
}

/**
 * A value's colour for CSS, and that of text on it: pure black or white, the one of more contrast, which is always enough.
 * @param {number} value
 * @param {Scale} scale
 * @param {number} max
 */
export function colour(value, scale, max) {
  const table = colourTable(scale);
  const at = 3 * position(value, scale, max);
  const [r, g, b] = [table[at], table[at + 1], table[at + 2]];
  return { css: `rgb(${r} ${g} ${b})`, text: luminance(r, g, b) > 0.179 ? "#000" : "#fff" };
}

/** @param {number} r @param {number} g @param {number} b */
function luminance(r, g, b) {
  const [lr, lg, lb] = [r, g, b].map((c) =>
    c <= 10 ? c / 3295 : ((c / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * lr + 0.7152 * lg + 0.0722 * lb;
}

/** Where the inks are defined: this document's own, unless the marks are guests in another page. */
let inkwell = () => /** @type {Node} */ (document.body);

/** @param {() => Node} find a node below which the inks are defined, now */
export function takeInksFrom(find) {
  inkwell = find;
  forgetColours();
}

/** A custom property resolved to RGB. @param {string} name @returns {Rgb} */
function inkColour(name) {
  const probe = document.createElement("span");
  probe.style.forcedColorAdjust = "none"; // the page's own colours, also in high contrast
  probe.style.color = `var(${name})`;
  inkwell().appendChild(probe);
  const [r, g, b] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? ["0", "0", "0"]).map(Number);
  probe.remove();
  return [r, g, b];
}

/** The largest absolute value, at least a hair above 0. @param {ArrayLike<number>} values */
export function reach(values) {
  let max = 1e-9;
  for (let i = 0; i < values.length; i++) max = Math.max(max, Math.abs(values[i]));
  return max;
}
