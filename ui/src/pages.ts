// The pages: their addresses, who is offered them, and where they are. A page is loaded when it is
// first opened; the overview comes with the main script.

import type { Component } from "svelte";

import { node, type Role } from "./lib/node.svelte.ts";
import type { TextKey } from "./lib/texts.svelte.ts";
import Overview from "./pages/Overview.svelte";

/** A page's component; `rest` is what follows its name in the address. */
type PageComponent = Component<{ rest: string[] }>;
type Page = { name: string; title: TextKey; load: () => Promise<{ default: PageComponent }>; hidden?: true; for?: readonly Role[] };

const WRITERS: readonly Role[] = ["admin", "operator", "submit"];

export const PAGES: readonly Page[] = [
  { name: "overview", title: "page.overview", load: async () => ({ default: Overview as PageComponent }) },
  { name: "site", title: "page.sites", load: () => import("./pages/Site.svelte") as never },
  { name: "queue", title: "page.queue", load: () => import("./pages/Queue.svelte") as never },
  { name: "workload", title: "page.workload", load: () => import("./pages/Workload.svelte"), hidden: true },
  { name: "submit", title: "page.submit", load: () => import("./pages/Submit.svelte") as never, for: WRITERS },
  { name: "services", title: "page.services", load: () => import("./pages/Services.svelte") as never },
  { name: "projects", title: "page.projects", load: () => import("./pages/Projects.svelte") as never },
  { name: "replay", title: "page.replay", load: () => import("./pages/Replay.svelte") as never },
  { name: "evidence", title: "page.evidence", load: () => import("./pages/Evidence.svelte") as never },
];

/** Pages in the navigation of whoever is signed in; what they may do the node decides. */
export const offered = (): readonly Page[] =>
  PAGES.filter((page) => !page.hidden && (!page.for || !node.role || page.for.includes(node.role)));

export const pageOf = (name: string): Page | undefined => PAGES.find((page) => page.name === name);
export { WRITERS };
