/**
 * Guesses at the page's questions, and how many were right. The first guess counts.
 *
 * @typedef {{name: string, text: string, right: string}} Question `right`: the value of the right choice
 * @typedef {Record<string, string>} Answers the value guessed, by the question's name
 */

/** @param {Answers} answers @param {string} name @param {string} value @returns {Answers} */
export const guessed = (answers, name, value) =>
  name in answers ? answers : { ...answers, [name]: value };

/** @param {Question[]} questions @param {Answers} answers */
export function score(questions, answers) {
  const answered = questions.filter(({ name }) => name in answers);
  const right = answered.filter(({ name, right }) => answers[name] === right);
  return {
    all: questions.length,
    answered: answered.length,
    right: right.length,
    surprising: answered.filter((question) => !right.includes(question)),
  };
}

/** The questions of the page: `<form class="guess" data-right="b">`, in its order. @returns {Question[]} */
export const questions = () =>
  [.../** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form.guess"))].map(
    (form) => ({
      name: form.querySelector("input")?.name ?? "",
      text: form.querySelector("legend")?.textContent?.trim() ?? "",
      right: form.dataset.right ?? "",
    }),
  );
