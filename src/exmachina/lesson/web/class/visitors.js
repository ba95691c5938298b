/** Who asks how much of the server, and a button for each to shut them out: an address, or one browser behind it. */

import { h } from "../marks/dom.js";
import { whole } from "../marks/format.js";
import * as server from "../server.js";
import { t } from "../texts.js";

const BROWSERS = 8; // of one address that are shown: those that ask most, and whoever is stopped

/** @param {HTMLElement} root @param {import("./main.js").Store} store @param {() => Promise<void>} refresh */
export function mountVisitors(root, store, refresh) {
  const body = h("tbody", {});
  const trouble = h("p", { class: "note", role: "status" });
  root.append(
    h(
      "p",
      { class: "lead" },
      t(
        "What each address has asked of this computer. Whoever is shut out gets no answer until you let them in again, or the server is started anew; you yourself are never shut out. A browser that forgets its cookie comes back as another one: then shut out its address.",
      ),
    ),
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        { class: "visitors", "aria-label": t("Who asks how much") },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...[
              t("who"),
              t("requests in the last minute"),
              t("in all"),
              t("refused"),
              t("sent here"),
              t("last seen"),
            ].map((text, i) => h("th", { scope: "col", class: i < 2 ? "" : "more" }, text)),
            h("td", {}),
          ),
        ),
        body,
      ),
    ),
    trouble,
  );

  /** @param {string} address @param {boolean} stopped @param {number} [browser] */
  async function act(address, stopped, browser) {
    try {
      await server.stopVisitor(address, stopped, browser);
      await refresh();
      trouble.textContent = "";
    } catch (error) {
      trouble.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  /** @param {string} name @param {server.Asked} asked @param {string} address @param {number} [browser] */
  function row(name, asked, address, browser) {
    const { stopped } = asked;
    return h(
      "tr",
      { class: [browser ? "browser" : "", stopped ? "stopped" : ""].join(" ").trim() },
      h("th", { scope: "row" }, name),
      h("td", {}, whole(asked.per_minute)),
      ...[
        whole(asked.requests),
        whole(asked.refused),
        size(asked.received),
        ago(asked.seconds_ago),
      ].map((text) => h("td", { class: "more" }, text)),
      h(
        "td",
        {},
        h(
          "button",
          {
            type: "button",
            id: `stop-${address}-${browser ?? ""}`,
            "aria-label": stopped
              ? t("Let in again: {name}", { name })
              : t("Shut out {name}", { name }),
            onclick: () => act(address, !stopped, browser),
          },
          stopped ? t("Let in again") : t("Shut out"),
        ),
      ),
    );
  }

  /** @param {import("./main.js").State} state */
  function show({ visitors }) {
    const focused = document.activeElement?.id;
    body.replaceChildren(
      ...visitors.flatMap((one) => [
        row(
          one.you ? t("{address} (here)", { address: one.address }) : one.address,
          one,
          one.address,
        ),
        ...busiest(one.browsers).map((browser) =>
          row(
            t("browser {number}", { number: browser.number }),
            browser,
            one.address,
            browser.number,
          ),
        ),
      ]),
    );
    if (focused?.startsWith("stop-")) document.getElementById(focused)?.focus();
  }
  store.watch(["visitors"], show);
}

/** A single browser is its address. @param {server.Visitor["browsers"]} browsers */
function busiest(browsers) {
  const order = [...browsers].sort((a, b) => b.per_minute - a.per_minute || a.number - b.number);
  const shown = order.filter(({ stopped }, i) => stopped || i < BROWSERS);
  return browsers.length > 1 || shown.some(({ stopped }) => stopped) ? shown : [];
}

/** @param {number} bytes */
const size = (bytes) =>
  bytes < 1e6 ? t("{n} kB", { n: whole(bytes / 1e3) }) : t("{n} MB", { n: whole(bytes / 1e6) });

/** @param {number} seconds */
function ago(seconds) {
  if (seconds < 10) return t("now");
  return seconds < 90
    ? t("{n} s ago", { n: whole(seconds) })
    : t("{n} min ago", { n: whole(seconds / 60) });
}
