/**
 * The class's page, the teacher's: the wall of its digits as they arrive, how well the networks read them, and a
 * network that learns them. The lesson's server has it at /class; nothing here knows who drew what.
 */

import * as api from "../api.js";
import { h } from "../marks/dom.js";
import * as server from "../server.js";
import { createStore } from "../store.js";
import { speak, t } from "../texts.js";
import { catchUp } from "./drawings.js";
import { mountEntrance } from "./entrance.js";
import { mountMisread } from "./misread.js";
import { mountReaders } from "./readers.js";
import { readClass } from "./reading.js";
import { mountTuning } from "./tuning.js";
import { mountVisitors } from "./visitors.js";
import { mountWall } from "./wall.js";

/**
 * @typedef {import("./drawings.js").Drawing} Drawing
 * @typedef {{drawings: Drawing[], learners: number, address: string | null, arrived: boolean, visitors: server.Visitor[],
 *   readings: Record<string, import("./reading.js").Reading>, tuning: boolean, error: string}} State `readings` by the run's id
 * @typedef {ReturnType<typeof createStore<State>>} Store
 */

const LOOK = 2000; // milliseconds between two looks for new drawings

async function start() {
  const theme = localStorage.getItem("exmachina.theme");
  if (theme) document.documentElement.dataset.theme = theme;
  const store = createStore(
    /** @type {State} */ ({
      drawings: [],
      learners: 0,
      address: null,
      arrived: false,
      visitors: [],
      readings: {},
      tuning: false,
      error: "",
    }),
  );
  try {
    await speak(api.catalogue);
    await api.open();
    await look(store);
  } catch (error) {
    return tell(error);
  }
  const main = /** @type {HTMLElement} */ (document.querySelector("main"));
  main.append(
    section("entrance", t("The class"), (root) => mountEntrance(root, store), "h1"),
    section("wall", t("The wall"), (root) => mountWall(root, store, () => look(store))),
    section("readers", t("Who reads this class how well?"), (root) => mountReaders(root, store)),
    section("misread", t("Who is read wrong?"), (root) => mountMisread(root, store)),
    section("tuning", t("Learn the class's own hands"), (root) => mountTuning(root, store)),
    section("exports", t("Take it with you"), mountExports),
  );
  if (store.get().address)
    main.append(
      section("visitors", t("Who asks how much?"), (root) =>
        mountVisitors(root, store, () => look(store)),
      ),
    );
  readClass(store);
  document.documentElement.dataset.ready = "true";
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK));
    await look(store).then(() => tell(store.get().error), tell);
  }
}

/** Ask the server what is new on the wall, and who is there. @param {Store} store */
async function look(store) {
  const { drawings: known } = store.get();
  const { drawings, learners, address } = await catchUp(known, server.wall);
  const visitors = address ? await server.visitors() : [];
  const same =
    drawings.length === known.length && drawings.every(({ id }, i) => id === known[i].id);
  store.set({ learners, address, visitors, arrived: true, ...(same ? {} : { drawings }) });
}

/**
 * @param {string} id
 * @param {string} title
 * @param {(root: HTMLElement) => void} mount
 * @param {"h1" | "h2"} [heading]
 */
function section(id, title, mount, heading = "h2") {
  const root = h(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    h(heading, { id: `${id}-title` }, title),
  );
  mount(root);
  return root;
}

/** @param {HTMLElement} root */
function mountExports(root) {
  const link = (/** @type {"png" | "idx"} */ format, /** @type {string} */ text) =>
    h("a", { class: "button", href: server.exportAddress(format), download: "" }, text);
  root.append(
    h(
      "p",
      { class: "lead" },
      t(
        "Drawings and labels, without who drew them. The library reads both: load_idx_folder and load_image_folder.",
      ),
    ),
    h(
      "div",
      { class: "controls" },
      link("idx", t("As MNIST's own files (IDX)")),
      link("png", t("As pictures (PNG)")),
    ),
  );
}

/** @param {unknown} error */
function tell(error) {
  const place = /** @type {HTMLElement} */ (document.querySelector("#trouble"));
  const text = error instanceof Error ? error.message : String(error);
  if (place.textContent !== text) place.textContent = text;
  place.hidden = !text;
}

start();
