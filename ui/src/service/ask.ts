// What is asked of the node for services. Most of it no record of the log tells of: whether an engine takes
// calls, and how many it has.

import { api, taken } from "../api/client.ts";
import { node } from "../lib/node.svelte.ts";
import { type By, type Span, SPANS } from "./usage.ts";

/** Between two looks at services. Of the log only documents bring one at once: a busy log has thousands of records
 *  that change no service. [ms] */
export const LOOK_MS = 5_000;
/** Between two looks at what was used; only over a day, for the node adds up every single call. [ms] */
export const USAGE_MS = 60_000;

/** All services, and when they were so. */
export async function askServices(signal: AbortSignal) {
  const { items } = await taken(api.GET("/v1/services", { signal }));
  await node.clock;
  return { items, at_s: node.now_s };
}

/** One service, and when it was so. */
export async function askService(name: string, signal: AbortSignal) {
  const service = await taken(api.GET("/v1/services/{name}", { params: { path: { name } }, signal }));
  await node.clock;
  return { service, at_s: node.now_s };
}

export const askGateway = (signal: AbortSignal) => taken(api.GET("/v1/gateway", { signal }));

/** Whose calls are meant; what is empty leaves none out. */
export type Whose = { service: string; project: string; site: string };

/** What was used over `span` up to now: all of it in one sum, or none, and the sums `by` something. */
export async function askUsage(whose: Whose, span: Span, by: By, signal: AbortSignal) {
  await node.clock;
  const at_s = node.now_s;
  const query = { ...whose, since: at_s - SPANS[span] };
  const [all, parts] = await Promise.all([
    taken(api.GET("/v1/usage", { params: { query }, signal })),
    taken(api.GET("/v1/usage", { params: { query: { ...query, by: [by] } }, signal })),
  ]);
  return { whole: all.items[0] ?? null, parts: parts.items, by, at_s };
}
