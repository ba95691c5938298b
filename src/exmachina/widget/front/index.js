/** The page's parts as widgets of a notebook; anywidget calls `render`. */

import { layers } from "./layers.js";
import { pad } from "./pad.js";
import { furnish } from "./shell.js";
import { training } from "./training.js";

const PARTS = { pad, layers, training };

/** @param {{model: import("./kernel.js").Model, el: HTMLElement}} widget */
function render({ model, el }) {
  const { room, leave } = furnish(el, () => part.show());
  const name = /** @type {keyof typeof PARTS} */ (model.get("_part"));
  const part = PARTS[name](room, model);
  return () => {
    part.forget();
    leave();
  };
}

export default { render };
