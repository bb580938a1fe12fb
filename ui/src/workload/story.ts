// What happened to a workload, as the log tells it: its own events, and the decisions about it.

import type { Shape } from "../api/client.ts";
import type { Reason } from "../lib/reason.ts";
import { nearest } from "../queue/row.ts";

export type Decided = Shape<"Decided">;
/** An event of the log, as far as a life needs it. */
export type Happened = { seq: number; kind: string; record: { at_s: number; run?: number; actor?: string; outcome?: string; exit_status?: number | null; detail?: string; state?: string; limit_w?: number; job?: string } };

/** One point of a life. */
export type Point = {
  seq: number;
  at_s: number;
  /** `life.` and this is its text. */
  what: "submitted" | "held" | "refused" | "placed" | "lent" | "started" | "curtailed" | "capped" | "cap-failed" | "uncapped" | "reclaimed" | "cancelled" | "ended";
  tone: "good" | "wait" | "bad" | "never" | "dim";
  /** What the text names; numbers and times as they are. */
  values: { site?: string; pool?: string; access_class?: string; actor?: string; by?: string; outcome?: string; exit_status?: number | null; accelerators?: number; power_w?: number; limit_w?: number; until_s?: number };
  /** What the node said of it, in its own words. */
  words: string;
  /** Why it decided so. */
  reason: Reason | null;
  run: number;
};

/** The life that events and decisions make up, from the asking on. */
export function life(events: readonly Happened[], decisions: readonly Decided[]): Point[] {
  const points = [...events.flatMap(ofEvent), ...decisions.flatMap(ofDecision)];
  return merged(points.toSorted((one, two) => one.at_s - two.at_s || one.seq - two.seq));
}

/** Holds one after another are one wait: the latest says what for. */
function merged(points: readonly Point[]): Point[] {
  const out: Point[] = [];
  for (const point of points) {
    const before = out.at(-1);
    if (point.what === "held" && before?.what === "held") out[out.length - 1] = { ...point, at_s: before.at_s };
    else out.push(point);
  }
  return out;
}

function ofEvent({ seq, kind, record }: Happened): Point[] {
  const point = { seq, at_s: record.at_s, run: record.run ?? 0, words: record.detail ?? "", reason: null };
  switch (kind) {
    case "event/WorkloadSubmitted":
      return [{ ...point, what: "submitted", tone: "dim", values: { actor: record.actor ?? "" } }];
    case "event/WorkloadCancelled":
      return [{ ...point, what: "cancelled", tone: "never", values: { actor: record.actor ?? "" } }];
    case "event/WorkloadStarted":
      return [{ ...point, what: "started", tone: "good", values: {} }];
    case "event/PowerLimitReported":
      return record.state === "set" ? [] : [{ ...point, what: "cap-failed", tone: "bad", values: { limit_w: record.limit_w ?? 0 } }];
    case "event/WorkloadEnded": {
      const outcome = record.outcome ?? "";
      const tone = outcome === "completed" ? "good" : outcome === "cancelled" || outcome === "reclaimed" ? "never" : "bad";
      return [{ ...point, what: "ended", tone, values: { outcome, exit_status: record.exit_status ?? null } }];
    }
    default:
      return [];
  }
}

function ofDecision(one: Decided): Point[] {
  const point = { seq: one.seq, at_s: one.at_s, run: "run" in one ? one.run : 0, words: "", reason: nearest(one.reasons ?? []) ?? null };
  const place = "site" in one ? { site: one.site, pool: "pool" in one ? one.pool : "" } : {};
  switch (one.kind) {
    case "hold":
      return [{ ...point, what: "held", tone: "wait", values: {} }];
    case "refusal":
      return [{ ...point, what: "refused", tone: "never", values: {} }];
    case "placement": {
      const { access_class, accelerators, power_w } = one;
      return [{ ...point, reason: null, what: one.lent ? "lent" : "placed", tone: "wait", values: { ...place, access_class, accelerators, power_w } }];
    }
    case "reclaim": {
      const values = { ...place, by: one.for_workload_id, until_s: one.stop_at_s };
      return [{ ...point, what: one.for_workload_id ? "reclaimed" : "curtailed", tone: "never", values }];
    }
    case "powercap":
      return [{ ...point, what: "capped", tone: "wait", values: { ...place, limit_w: one.limit_w, until_s: one.ends_s } }];
    case "poweruncap":
      return [{ ...point, what: "uncapped", tone: "good", values: { ...place, limit_w: one.limit_w } }];
    default:
      return [];
  }
}

/** What is known of a life without its events: the asking, and the last run. */
export function lifeOf(work: Omit<Shape<"WorkloadView">, "nodes">, decisions: readonly Decided[]): Point[] {
  const event = (kind: string, at_s: number | null | undefined, record: Partial<Happened["record"]> = {}): Happened[] =>
    at_s === null || at_s === undefined ? [] : [{ seq: work.seq, kind: `event/${kind}`, record: { at_s, run: work.run, ...record } }];
  return life(
    [
      ...event("WorkloadSubmitted", work.submitted_at_s, { actor: work.actor, run: 0 }),
      ...event("WorkloadStarted", work.started_at_s),
      ...event("WorkloadEnded", work.outcome ? work.ended_at_s : null, { outcome: work.outcome ?? "", exit_status: work.exit_status ?? null, detail: work.detail }),
    ],
    decisions,
  );
}
