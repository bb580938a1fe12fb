// What whoever asked for a workload can do now, by where it stands and by what is in its way.

import type { Shape } from "../api/client.ts";

type Work = Pick<Shape<"WorkloadView">, "id" | "state" | "accelerators" | "lent" | "run" | "spec">;
type Site = Shape<"SiteAnswer">;

export type Advice =
  | { what: "fewer"; accelerators: number; site: string }
  | { what: "wait"; at_s: number; site: string; basis: string; rests_on: Site["rests_on"] }
  | { what: "service"; service: string }
  | { what: "again" | "output" | "elsewhere" | "lent" };

const ENDED = ["completed", "failed", "timeout", "cancelled", "lost", "node-failed", "reclaimed"];
const BAD = ["failed", "timeout", "lost", "node-failed"];

/** As many accelerators as would do by `changes`, where to ask for fewer is all that they are; else null. */
export function fewer(changes: Site["changes"]): number | null {
  const found = changes.map((one) => (one.code === "fewer" || one.code === "fewer-or-wait" ? Number(one.values["accelerators"]) : NaN));
  const least = Math.min(...found);
  return Number.isFinite(least) ? least : null;
}

/** As many as are live now, where all that is in the way is that more are asked for or that it must wait. */
export function live(site: Site): number {
  const short = site.blockers.find((one) => one.code === "not-live-yet");
  return short && !site.blockers.some((one) => one.forever) ? Number(short.actual) || 0 : 0;
}

/** The service whose replica it is; '' if it is none. */
export function serviceOf({ spec }: Pick<Work, "spec">): string {
  const of = spec["replica_of"] as { service?: unknown } | null | undefined;
  return typeof of?.service === "string" ? of.service : "";
}

/** What is worth to do, the best first. */
export function advice(work: Work, sites: readonly Site[]): Advice[] {
  const service = serviceOf(work);
  if (!service) return forWork(work, sites);
  // The node keeps replicas: nobody submits one.
  const own = forWork(work, sites).filter(({ what }) => what === "wait" || what === "output" || what === "lent");
  return [...own, { what: "service", service }];
}

function forWork(work: Work, sites: readonly Site[]): Advice[] {
  if (ENDED.includes(work.state)) {
    return [...(BAD.includes(work.state) && work.run ? [{ what: "output" } as const] : []), { what: "again" }];
  }
  const found: Advice[] = [];
  if (work.state === "waiting") {
    const soonest = sites.filter((site) => site.expected_at_s !== null && site.expected_at_s !== undefined).toSorted((one, two) => one.expected_at_s! - two.expected_at_s!)[0];
    if (soonest) found.push({ what: "wait", at_s: soonest.expected_at_s!, site: soonest.site, basis: soonest.basis, rests_on: soonest.rests_on });
  }
  if (work.state === "waiting" || work.state === "refused") {
    const most = sites
      .map((site) => ({ site: site.site, accelerators: fewer(site.changes) ?? live(site) }))
      .filter(({ accelerators }) => accelerators > 0 && accelerators < work.accelerators)
      .toSorted((one, two) => two.accelerators - one.accelerators)[0];
    if (most) found.push({ what: "fewer", ...most });
    if (!found.length) found.push({ what: "elsewhere" });
  }
  if (work.lent && (work.state === "running" || work.state === "placed")) found.push({ what: "lent" });
  return found;
}
