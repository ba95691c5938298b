/**
 * Numbers as people read them: a true minus sign, a fixed number of decimals so that points line up, and the decimal
 * mark of the reader's language.
 */

import { language, t } from "../texts.js";

/** @param {string} text a number as JavaScript writes it */
const marked = (text) => (language() === "de" ? text.replace(".", ",") : text).replace("-", "−");

/** @param {number} value @param {number} [decimals] */
export function fixed(value, decimals = 2) {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${marked(text)}` : marked(text);
}

/** As `fixed`, with a plus sign before positive numbers. @param {number} value @param {number} [decimals] */
export function signed(value, decimals = 2) {
  const text = fixed(value, decimals);
  return value < 0 || Number(Math.abs(value).toFixed(decimals)) === 0 ? text : `+${text}`;
}

/** All the decimals that a number has: 0.032; a text stays as it is. @param {unknown} value */
export const plain = (value) => (typeof value === "number" ? marked(String(value)) : String(value));

/**
 * 0.9897 → 98.97 %. A fraction that is neither 0 nor 1 never looks as if it were: < 0.1 %, 99.9 %.
 * @param {number} fraction @param {number} [decimals]
 */
export function percent(fraction, decimals = 1) {
  if (fraction === 0 || fraction === 1) return `${100 * fraction} %`;
  const least = 10 ** -decimals;
  const value = 100 * fraction;
  if (value > 0 && value < least / 2) return `< ${marked(least.toFixed(decimals))} %`;
  const shown = value < 100 ? Math.min(value, 100 - least) : value;
  return `${marked(shown.toFixed(decimals))} %`;
}

/** Never rounds to a certainty that is not there: 0.99999 → "over 99.9 %". @param {number} probability */
export function chance(probability) {
  if (probability > 0.999 && probability < 1)
    return t("over {percent}", { percent: percent(0.999) });
  if (probability < 0.001 && probability > 0)
    return t("under {percent}", { percent: percent(0.001) });
  return percent(probability);
}

/** A length of time that was estimated: 3.4 → "about 3 seconds". @param {number} seconds */
export function about(seconds) {
  if (seconds < 1.5) return t("about a second");
  if (seconds < 90) return t("about {n} seconds", { n: Math.round(seconds) });
  return t("about {n} minutes", { n: Math.round(seconds / 60) });
}

/** 1199882 → 1,199,882. @param {number} value */
export const whole = (value) => Math.round(value).toLocaleString(language());

/** 12000000 → 12.0 million. @param {number} value */
export function rough(value) {
  if (value >= 1e6) return t("{n} million", { n: fixed(value / 1e6, 1) });
  return value >= 1e4 ? t("{n} thousand", { n: Math.round(value / 1e3) }) : whole(value);
}

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A whole number as a power: −4 → ⁻⁴. @param {number} power */
export const raised = (power) =>
  (power < 0 ? "⁻" : "") +
  [...String(Math.abs(power))].map((digit) => SUPERSCRIPT[Number(digit)]).join("");

/** For values of any size, two or more digits of them: 0.0123, −3.1·10⁻⁵. @param {number} value @param {number} [digits] */
export function significant(value, digits = 2) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size >= 1e-3 && size < 1e5) {
    const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
    return `${sign}${marked(size.toFixed(decimals))}`;
  }
  const [mantissa, power] = size.toExponential(digits - 1).split("e");
  return `${sign}${marked(mantissa)}·10${raised(Number(power))}`;
}
