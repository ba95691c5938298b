// What the report answers when asked: a cost, a pile, a person. Everything it says stands in the page's tables too.
/** @typedef {{ratio: number, threshold: number, refused: number, misread: number, cost: number, all: number}} Rule */
/** @typedef {{like: string, a: number, b: number}} Law */

/** @param {string} id */
const find = (id) => document.getElementById(id);
/** @type {{rules: Rule[], laws: Law[], quiz: {label: number, read: number}[]}} */
const data = JSON.parse(find("report-data")?.textContent ?? '{"rules":[],"laws":[],"quiz":[]}');
/** @param {number} value @param {number} [places] */
const number = (value, places = 0) => value.toLocaleString("en", { maximumFractionDigits: places });
/** A count that may be small: one decimal below ten. @param {number} value */
const about = (value) => number(value, value < 10 ? 1 : 0);

/** log Γ(x) for x > 0, by Lanczos (g = 7, nine terms). @param {number} x @returns {number} */
function logGamma(x) {
  const terms = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
    -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
    1.5056327351493116e-7,
  ];
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  let sum = terms[0];
  for (let i = 1; i < 9; i++) sum += terms[i] / (x - 1 + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** The middle 95 % of the beta-binomial law: fewest and most mistakes among m digits. @param {Law} law @param {number} m */
function pile({ a, b }, m) {
  let chance = logGamma(b + m) - logGamma(b) + logGamma(a + b) - logGamma(a + b + m);
  let total = Math.exp(chance);
  let low = total >= 0.025 ? 0 : -1;
  let k = 0;
  while (total < 0.975 && k < m) {
    chance += Math.log(((m - k) * (k + a)) / ((k + 1) * (m - k - 1 + b)));
    total += Math.exp(chance);
    k += 1;
    if (low < 0 && total >= 0.025) low = k;
  }
  return { mean: (m * a) / (a + b), low: Math.max(low, 0), high: k };
}

function costs() {
  const slider = /** @type {HTMLInputElement | null} */ (find("cost"));
  const answer = find("cost-answer");
  if (!slider || !answer) return;
  const rows = document.querySelectorAll("#cost-table tbody tr");
  const show = () => {
    const rule = data.rules[Number(slider.value)];
    const times =
      rule.ratio === 1 ? "as much as one refusal" : `as much as ${number(rule.ratio)} refusals`;
    slider.setAttribute("aria-valuetext", times);
    const how =
      rule.refused === 1
        ? "Let a person read everything."
        : rule.threshold === 0
          ? "Let it answer everything."
          : `Let it answer where it is more than ${number(100 * rule.threshold, 2)} % sure.`;
    answer.textContent =
      `If a mistake costs ${times}: ${how} Of 1,000 digits a person then reads ${about(1000 * rule.refused)}, and ` +
      `${about(1000 * rule.misread)} are misread. That costs ${about(1000 * rule.cost)} refusals; answering everything ` +
      `costs ${about(1000 * rule.all)}, and a person reading everything 1,000.`;
    rows.forEach((row, i) => row.classList.toggle("chosen", i === Number(slider.value)));
  };
  slider.addEventListener("input", show);
  show();
}

function piles() {
  const field = /** @type {HTMLInputElement | null} */ (find("pile"));
  const answer = find("pile-answer");
  if (!field || !answer) return;
  const show = () => {
    const m = Math.round(Number(field.value));
    const sensible = m >= 1 && m <= 1_000_000;
    field.setAttribute("aria-invalid", String(!sensible));
    if (!sensible) {
      answer.textContent = "Give a number of digits from 1 to 1,000,000.";
      return;
    }
    answer.replaceChildren(
      ...data.laws.map((law) => {
        const { mean, low, high } = pile(law, m);
        const item = document.createElement("li");
        item.textContent = `If they are like ${law.like}: about ${about(mean)}; between ${number(low)} and ${number(high)}.`;
        return item;
      }),
    );
  };
  field.addEventListener("input", show);
  show();
}

function quiz() {
  const answer = find("quiz-answer");
  const fields = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("#quiz input")]);
  if (!answer || !fields.length) return;
  const show = () => {
    const read = fields.flatMap((field, i) => (/^[0-9]$/.test(field.value) ? [i] : []));
    if (!read.length) return;
    const yours = read.filter((i) => Number(fields[i].value) === data.quiz[i].label).length;
    const its = read.filter((i) => data.quiz[i].read === data.quiz[i].label).length;
    answer.textContent = `Of the ${read.length} that you have read, you agree with the label on ${yours}, the network on ${its}.`;
  };
  fields.forEach((field, i) => {
    field.addEventListener("input", () => {
      show();
      if (/^[0-9]$/.test(field.value)) fields[i + 1]?.focus();
    });
  });
}

for (const part of document.querySelectorAll("[data-live]")) part.removeAttribute("hidden");
/** @type {NodeListOf<HTMLDetailsElement>} */
const notes = document.querySelectorAll("aside > details");
const narrow = matchMedia("(max-width: 860px)");
const fold = () => {
  for (const one of notes) one.open = !narrow.matches;
};
narrow.addEventListener("change", fold);
fold();
// A table that fits is no stop for the keyboard; one that scrolls is.
const fits = new ResizeObserver((seen) => {
  for (const { target } of seen) {
    const scrolls = target.scrollWidth > target.clientWidth;
    if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
    else target.removeAttribute("tabindex");
  }
});
for (const one of document.querySelectorAll(".scroll")) fits.observe(one);
costs();
piles();
quiz();
