// Replays and traces as the list shows them: whose they are, how far they are, which two are chosen.

import type { Shape } from "../api/client.ts";
import { told } from "../lib/said.ts";

export type Replay = Shape<"ReplayView">;
export type Trace = Shape<"TraceView">;

/** What it is called: its name, else what it is of. */
export const called = ({ name, inputs }: Pick<Replay, "name" | "inputs">): string =>
  name || (inputs.trace === "log" && told({ code: "recorded-work", values: {} })) || inputs.trace_name;

/** It may still change by itself. */
export const active = (one: Replay): boolean => one.state === "queued" || one.state === "running";
export const reading = (one: Trace): boolean => one.state === "reading";

/** How much of the present phase is done, from 0 to 1; null: not known. */
export function share({ progress }: Replay): number | null {
  if (!progress) return null;
  if (typeof progress.permille === "number") return progress.permille / 1000;
  return progress.jobs_total ? progress.jobs / progress.jobs_total : null;
}

/** What a click on a replay makes of the (at most two) chosen: a third takes the place of the first. */
export const chosen = (before: readonly string[], id: string): string[] =>
  before.includes(id) ? before.filter((one) => one !== id) : [...before, id].slice(-2);

/** The two of `?compare=A,B`; null for anything else. */
export function pair(text: string | null): [string, string] | null {
  const [a, b, more] = (text ?? "").split(",");
  return a && b && more === undefined ? [a, b] : null;
}
