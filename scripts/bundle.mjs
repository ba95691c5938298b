/**
 * The notebook's widget as one ES module: `npm run bundle`, or with a path to write it there.
 *
 * anywidget takes a module as one text, so the page's own modules and styles are put together here.
 */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const WIDGET = fileURLToPath(new URL("../src/exmachina/widget/", import.meta.url));

/** A style sheet imported by a module is its text. @type {import("esbuild").Plugin} */
const styles = {
  name: "styles",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), {
        loader: "css",
        minify: true,
      });
      return { contents: code, loader: "text" };
    });
  },
};

await build({
  entryPoints: [`${WIDGET}front/index.js`],
  outfile: process.argv[2] ?? `${WIDGET}widget.js`,
  plugins: [styles],
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
});
