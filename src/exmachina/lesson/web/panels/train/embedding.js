/** Train: what the layer before the last makes of a few hundred test digits, as it untangles them moment by moment. */

import { h, svg } from "../../marks/dom.js";
import { percent, significant, whole } from "../../marks/format.js";
import { digitImage } from "../../marks/heatmap.js";
import { inspector } from "../../inspector.js";
import { lookAt, store } from "../../state.js";
import { t } from "../../texts.js";
import { arrow, segments, whileVisible } from "../shared.js";
import { fewDigits, finishedTraining, momentAt, momentScrubber, trainFirst } from "./moments.js";

const [WIDTH, HEIGHT, MARGIN] = [600, 460, 16];

/** @typedef {{id: string, places: Float32Array[], read: Uint8Array[], shares: number[], size: number}} Embedded */

/** @param {HTMLElement} root */
export function mount(root) {
  const engine = inspector();
  /** @type {import("../../dataset.js").Digit[]} */
  let digits = [];
  /** @type {Embedded | null} */
  let embedded = null;
  let computing = "";
  let focus = 0;
  let moment = 0;
  let side = 0; // the first of the two axes looked along
  let seen = { x: [0], y: [0], zoom: 1 };
  const first = trainFirst(t("This figure needs a training to look back on."));
  const scrubber = momentScrubber();
  const progress = h("progress", { max: 1, "aria-label": t("Moments computed"), hidden: true });
  const cloud = svg("svg", {
    class: "cloud",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: "application",
    tabindex: 0,
  });
  const fact = h("p", { class: "fact" });
  const detail = h("div", { class: "embedded-digit" });
  const news = h("p", { class: "note", role: "status" });
  const note = h("p", { class: "note" });
  /** @type {SVGElement[]} */
  let marks = [];
  const sides = segments(
    t("Seen along"),
    [
      { value: 0, text: t("axes 1 and 2") },
      { value: 2, text: t("axes 3 and 4") },
    ],
    side,
    (next) => {
      side = next;
      render(store.get());
    },
  );
  const view = h(
    "div",
    { class: "embedding-view to-come" },
    /** @type {any} */ (cloud),
    h("div", {}, progress, fact, sides, detail, news, note),
  );
  root.append(first, view, scrubber);

  cloud.addEventListener("pointermove", (event) => focusOn(nearest(event)));
  cloud.addEventListener("click", choose);
  cloud.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      return choose();
    }
    const way = arrow(event);
    if (way) focusOn(neighbour(way));
  });

  function choose() {
    if (digits[focus]) lookAt("test", digits[focus]);
  }

  /** @param {import("../../training.js").Training} training */
  async function compute({ id, network, snapshots }) {
    computing = id;
    engine.stop();
    progress.hidden = false;
    try {
      const few = await fewDigits("test");
      digits = few.digits;
      const question = {
        network,
        snapshots: snapshots.map(({ weights }) => weights),
        digits: { images: few.images, labels: few.labels },
      };
      const answer = await engine.ask("embed", question, ({ done }) => (progress.value = done));
      if (!answer || computing !== id) return;
      embedded = { id, ...answer };
      build();
      render(store.get());
    } catch (error) {
      store.set({ error: error instanceof Error ? error.message : String(error) });
    }
    progress.hidden = true;
  }

  function build() {
    marks = digits.map(({ label }) =>
      svg("text", { class: `mark digit-${label}`, "text-anchor": "middle", dy: 5 }, label),
    );
    cloud.replaceChildren(...marks);
  }

  /** Where a digit is drawn at the moment shown: the middle stays, the zoom takes in all of them. @param {number} i */
  function place(i) {
    const { x, y, zoom } = seen;
    return [WIDTH / 2 + zoom * x[i], HEIGHT / 2 - zoom * y[i]];
  }

  /** The digits' coordinates at the moment shown along the two axes chosen. */
  function lookFrom() {
    if (!embedded) return;
    const { places, shares } = embedded;
    const [x, y] = [side, side + 1].map((axis) =>
      digits.map((_, i) => places[moment][shares.length * i + axis]),
    );
    const most = (/** @type {number[]} */ all) => Math.max(1e-9, ...all.map(Math.abs));
    const zoom = Math.min((WIDTH / 2 - MARGIN) / most(x), (HEIGHT / 2 - MARGIN) / most(y));
    seen = { x, y, zoom };
  }

  /** @param {PointerEvent} event */
  function nearest({ clientX, clientY }) {
    const box = cloud.getBoundingClientRect();
    const [x, y] = [
      ((clientX - box.left) / box.width) * WIDTH,
      ((clientY - box.top) / box.height) * HEIGHT,
    ];
    const far = (/** @type {number} */ i) => {
      const [px, py] = place(i);
      return (px - x) ** 2 + (py - y) ** 2;
    };
    return digits.reduce((best, _, i) => (far(i) < far(best) ? i : best), 0);
  }

  /** The next digit in a direction, rather ahead than aside. @param {[number, number]} way rows and columns */
  function neighbour([down, right]) {
    const [x, y] = place(focus);
    let [best, least] = [focus, Number.POSITIVE_INFINITY];
    digits.forEach((_, i) => {
      const [dx, dy] = [place(i)[0] - x, place(i)[1] - y];
      const ahead = dx * right + dy * down;
      const aside = Math.abs(dx * down) + Math.abs(dy * right);
      if (i !== focus && ahead > 0 && ahead + 3 * aside < least)
        [best, least] = [i, ahead + 3 * aside];
    });
    return best;
  }

  /** @param {number} i */
  function focusOn(i) {
    if (!embedded) return;
    marks[focus]?.classList.remove("focused");
    focus = i;
    marks[i].classList.add("focused");
    marks[i].parentNode?.append(marks[i]); // above the others
    const { index, label, pixels } = digits[i];
    const read = embedded.read[moment][i];
    const text =
      read === label
        ? t("Test image {index}: a {label}, and read as one.", { index, label })
        : t("Test image {index}: a {label}, read as a {read}.", { index, label, read });
    detail.replaceChildren(digitImage(pixels, text));
    news.textContent = text;
  }

  /** @param {import("../../state.js").State} state */
  function render(state) {
    const training = finishedTraining(state);
    const ready = training !== null && embedded?.id === training.id;
    view.classList.toggle("to-come", !ready);
    view.inert = !ready;
    if (training && !ready && computing !== training.id) compute(training);
    if (!training || !embedded || !ready) return;
    moment = momentAt(training, state.moment);
    lookFrom();
    const read = embedded.read[moment];
    marks.forEach((mark, i) => {
      const [x, y] = place(i);
      mark.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
      mark.classList.toggle("wrong", read[i] !== digits[i].label);
    });
    const right = digits.filter(({ label }, i) => read[i] === label).length;
    const { step } = training.snapshots[moment];
    fact.textContent = t("Step {step}: {right} of {count} test digits read right.", {
      step,
      right,
      count: digits.length,
    });
    cloud.setAttribute(
      "aria-label",
      t(
        "{count} test digits by what the layer before the last makes of them, at step {step}. Arrow keys go from digit to digit, Enter looks at one.",
        { count: digits.length, step },
      ),
    );
    note.textContent = t(
      "{size} numbers per digit, seen from where they differ most at the end: principal components {one} and {two}, {share} of the variance then, so crowds that lie on top of each other may be far apart along another axis. The axes stay, the digits move, the zoom takes in all: now {width} from side to side. Underlined: read wrong at this moment.",
      {
        size: whole(embedded.size),
        one: side + 1,
        two: side + 2,
        share: percent(embedded.shares[side] + embedded.shares[side + 1]),
        width: significant(WIDTH / seen.zoom),
      },
    );
    focusOn(focus);
  }
  whileVisible(root, ["training", "moment"], render);
}
