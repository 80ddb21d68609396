import { defineConfig } from "vite";
import tailwindcss from "@tailwindcss/vite";
import path from "node:path";

const here = import.meta.dirname;
const built =
  process.env.FRONTEND_DIR ?? path.join(process.env.LIANZHEN_VAR ?? path.resolve(here, "../var"), "frontend");

export default defineConfig({
  root: path.join(here, "src"),
  base: "/static/",
  publicDir: path.join(here, "public"),
  plugins: [tailwindcss()],
  build: {
    outDir: built,
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      checks: { eval: false }, // htmx keeps an eval behind allowEval, which is off; the policy forbids it anyway
      input: {
        app: path.join(here, "src/app.js"),
        companion: path.join(here, "src/companion.js"),
        docs: path.join(here, "src/docs.js"),
        desk_sheet: path.join(here, "src/desk_sheet.js"),
        desk_worker: path.join(here, "src/desk_worker.js"),
      },
    },
  },
});
