/// <reference types="vitest/config" />
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

import { land } from "./land.ts";

export default defineConfig({
  plugins: [land(), svelte()],
  build: {
    outDir: "../src/allod/web/built",
    emptyOutDir: true,
    target: "es2022",
    // The page's policy lets no `data:` address in: every picture is a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
  },
  // `npm run dev` beside a running node.
  server: { proxy: { "/v1": "http://127.0.0.1:7700", "/log": "http://127.0.0.1:7700", "/healthz": "http://127.0.0.1:7700" } },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
