// What one line of the queue shows: little of a workload, so that many lines are light.

import type { Shape } from "../api/client.ts";
import type { Reason } from "../lib/reason.ts";

type Workload = Omit<Shape<"WorkloadView">, "nodes">;

export type Row = {
  id: string;
  seq: number;
  name: string;
  state: Workload["state"];
  project: string;
  access_class: string;
  site: string;
  accelerators: number;
  lent: boolean;
  capped: boolean;
  out_of_reach: boolean;
  /** Since when it is in its state, as far as the node tells. [epoch s] */
  since_s: number;
  /** Expected start of one that waits. [epoch s] */
  expected_at_s: number | null;
  /** What it waits for, or why it was refused. */
  reason: Reason | null;
  /** What was said at its end; the node's words. */
  detail: string;
};

const STEPS: readonly Reason["step"][] = ["law", "class", "hardware", "power", "room"];

/**
 * Of all reasons the one that is nearest to being done away with: at the sites where waiting helps, the first
 * blocker of the site that got furthest; where it helps nowhere, the first of all.
 */
export function nearest(reasons: readonly Reason[]): Reason | undefined {
  const step = (reason: Reason) => STEPS.indexOf(reason.step);
  const sorted = reasons.toSorted((one, two) => step(one) - step(two));
  const closed = new Set(reasons.filter((reason) => reason.forever).map((reason) => reason.site));
  const firsts = new Map<string, Reason>();
  for (const reason of sorted) if (!closed.has(reason.site) && !firsts.has(reason.site)) firsts.set(reason.site, reason);
  return [...firsts.values()].at(-1) ?? sorted[0];
}

export function rowOf(work: Workload): Row {
  const stands = work.state === "waiting" || work.state === "refused";
  const reason = (stands && nearest(work.reasons)) || null;
  return {
    id: work.id,
    seq: work.seq,
    name: work.name,
    state: work.state,
    project: work.project,
    access_class: work.access_class,
    site: work.site,
    accelerators: work.accelerators,
    lent: work.lent,
    capped: work.limit_w !== null && work.limit_w !== undefined,
    out_of_reach: work.out_of_reach,
    since_s: work.ended_at_s ?? work.started_at_s ?? work.placed_at_s ?? work.submitted_at_s,
    expected_at_s: work.state === "waiting" ? (work.expected_at_s ?? null) : null,
    reason,
    detail: work.detail,
  };
}
