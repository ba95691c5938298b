/** Where learners come in: the address, large enough for the last row, and as a QR code. */

import { h } from "../marks/dom.js";
import { qrCode } from "../marks/qr.js";
import { t } from "../texts.js";

/** @param {HTMLElement} root @param {import("./main.js").Store} store */
export function mountEntrance(root, store) {
  const { address } = store.get(); // stays as long as the server does
  if (!address) {
    root.append(
      h(
        "p",
        { class: "lead" },
        t("This lesson is open to this computer alone. To let a class in, start it with"),
        " ",
        h("code", {}, "exmachina lesson --host 0.0.0.0"),
        ".",
      ),
      back(),
    );
    return;
  }
  const { origin, searchParams } = new URL(address);
  const code = searchParams.get("token") ?? "";
  root.append(
    h(
      "div",
      { class: "entrance" },
      h(
        "div",
        {},
        h("p", { class: "lead" }, t("Open this in a browser, in the same network:")),
        h("p", { class: "address" }, origin.replace("http://", "")),
        code && h("p", { class: "lead" }, t("and type this code:")),
        code && h("p", { class: "address" }, code),
        h(
          "p",
          { class: "note" },
          t(
            "Every browser trains for itself. Drawings stay there, unless a learner chooses to send the ones they keep to this class, at the end of the lesson, under “Your collection”.",
          ),
        ),
        back(),
      ),
      qrCode(address, t("QR code of the address, code included")),
    ),
  );
}

const back = () => h("p", {}, h("a", { href: "./" }, t("To the lesson")));
