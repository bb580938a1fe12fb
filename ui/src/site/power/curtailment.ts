// A call for less power: the form's fields as a call, and the decisions about it as a plan that a
// person reads from top to bottom. Times are in UTC.

import type { Shape } from "../../api/client.ts";
import type { Reason } from "../../lib/reason.ts";

type Decision = Shape<"Foretold">["decisions"][number];
export type Call = Shape<"Call">;

/** How work gives way, in the order in which it is asked to. */
export type Way = "delayed" | "capped" | "reclaimed";
/** `at_s`: from when its power is less; `gives_w`: by how much; null: not said. */
export type Step = { way: Way; workload_id: string; pool: string; at_s: number | null; gives_w: number | null; reasons: readonly Reason[] };
/** What one node of the envelope comes to. */
export type Plan = {
  path: string;
  starts_s: number;
  ends_s: number;
  over_w: number;
  won_w: number;
  left_w: number;
  reasons: readonly Reason[];
  steps: Step[];
};

/** The plans among `decisions`, each with its steps in order. */
export function plansOf(decisions: readonly Decision[]): Plan[] {
  const plans: Plan[] = [];
  for (const plan of decisions) {
    if (plan.kind !== "shedplan") continue;
    const capped = plan.capped ?? [];
    const steps: Step[] = plan.delayed.map((id) => ({ way: "delayed", workload_id: id, pool: "", at_s: null, gives_w: null, reasons: [] }));
    for (const [id, gives_w] of capped) {
      const cap = decisions.find((one) => one.kind === "powercap" && one.workload_id === id);
      steps.push({ way: "capped", workload_id: id, pool: cap?.kind === "powercap" ? cap.pool : "", at_s: cap?.kind === "powercap" ? cap.order_at_s : null, gives_w, reasons: cap?.reasons ?? [] });
    }
    for (const [id, gives_w] of plan.reclaimed) {
      const reclaim = decisions.find((one) => one.kind === "reclaim" && one.workload_id === id);
      steps.push({ way: "reclaimed", workload_id: id, pool: reclaim?.kind === "reclaim" ? reclaim.pool : "", at_s: reclaim?.kind === "reclaim" ? reclaim.stop_at_s : null, gives_w, reasons: reclaim?.reasons ?? [] });
    }
    const { path, starts_s, ends_s, over_w, left_w } = plan;
    plans.push({ path, starts_s, ends_s, over_w, won_w: Math.max(0, over_w - left_w), left_w, reasons: plan.reasons ?? [], steps });
  }
  return plans;
}

/** What the form holds, as people write it. */
export type Fields = { name: string; path: string; amount: number | null; unit_w: number; from: string; to: string; reason: string };
export type Slip = "amount" | "from" | "to" | "order" | "past" | "name";

const NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/** A name for a call that begins then, which no other one has: one of the same name would take its place. */
export function freeName(starts_s: number, taken: readonly string[]): string {
  const name = `call-${fieldOf(starts_s).replace(":", "").toLowerCase()}`;
  for (let number = 2; ; number += 1) {
    const wanted = taken.includes(name) ? `${name}-${number}` : name;
    if (!taken.includes(wanted)) return wanted;
  }
}

/** The call that `fields` ask for, or what is wrong with them. */
export function callOf(fields: Fields, now_s: number): Call | Slip {
  const [starts, ends] = [secondsOf(fields.from), secondsOf(fields.to)];
  if (!NAME.test(fields.name)) return "name";
  if (fields.amount === null || !(fields.amount >= 0)) return "amount";
  if (starts === null) return "from";
  if (ends === null) return "to";
  if (ends <= starts) return "order";
  if (ends <= now_s) return "past";
  return { name: fields.name, path: fields.path, power_w: Math.round(fields.amount * fields.unit_w), starts, ends, reason: fields.reason.trim() };
}

/** `2026-11-22T17:00` of a field for date and time, taken as UTC. [epoch s] */
export function secondsOf(field: string): number | null {
  const at_ms = Date.parse(`${field}Z`);
  return field && Number.isFinite(at_ms) ? Math.floor(at_ms / 1000) : null;
}

/** The same the other way, to the minute. */
export const fieldOf = (at_s: number) => new Date(at_s * 1000).toISOString().slice(0, 16);

/** Watts as an amount and the largest unit in which they are at least 1. */
export function inUnit(value_w: number): { amount: number; unit_w: number } {
  const unit_w = [1_000_000_000, 1_000_000, 1000].find((unit) => value_w >= unit) ?? 1;
  return { amount: Math.round((value_w / unit_w) * 1000) / 1000, unit_w };
}
