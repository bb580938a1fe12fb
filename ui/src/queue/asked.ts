// What the queue is narrowed and sorted by: read from the address, so that it can be sent to somebody.

import type { operations, components } from "../api/schema.d.ts";

export type State = components["schemas"]["State"];
export type Sort = components["schemas"]["Sort"];
type Query = NonNullable<operations["workloads_v1_workloads_get"]["parameters"]["query"]>;

/** In the order of a life. */
export const STATES: readonly State[] = [
  "waiting", "placed", "running", "stopping", "completed", "failed", "timeout", "cancelled", "reclaimed", "refused", "lost", "node-failed", "erased",
];
export const LIVE: readonly State[] = ["waiting", "placed", "running", "stopping"];
export const SORTS: readonly Sort[] = ["submitted", "oldest", "accelerators", "expected"];

export type Asked = { states: readonly State[]; site: string; project: string; access_class: string; text: string; sort: Sort };

/** What an address asks for; words that are none of ours are passed over. */
export function asked(query: URLSearchParams): Asked {
  const wanted = (query.get("state") ?? "").split(",");
  return {
    states: STATES.filter((state) => wanted.includes(state)),
    site: query.get("site") ?? "",
    project: query.get("project") ?? "",
    access_class: query.get("class") ?? "",
    text: query.get("q") ?? "",
    sort: SORTS.find((sort) => sort === query.get("sort")) ?? "submitted",
  };
}

/** The same as parameters of the address. */
export const params = (one: Asked): Record<string, string> => ({
  state: one.states.join(","),
  site: one.site,
  project: one.project,
  class: one.access_class,
  q: one.text,
  sort: one.sort === "submitted" ? "" : one.sort,
});

/** The same as the API has it, without the order. */
export function filter(one: Asked): Pick<Query, "state" | "site" | "project" | "access_class" | "q"> {
  return {
    ...(one.states.length ? { state: [...one.states] } : {}),
    ...(one.site ? { site: one.site } : {}),
    ...(one.project ? { project: one.project } : {}),
    ...(one.access_class ? { access_class: one.access_class } : {}),
    ...(one.text ? { q: one.text } : {}),
  };
}

/** Whether anything is left out. */
export const isNarrow = (one: Asked): boolean => Object.keys(filter(one)).length > 0;

/** What a click on a state makes of those that were chosen; all of them is none. */
export function toggled(states: readonly State[], one: State): readonly State[] {
  const next = states.includes(one) ? states.filter((state) => state !== one) : STATES.filter((state) => state === one || states.includes(state));
  return next.length === STATES.length ? [] : next;
}
