// How a service stands at a site, in one word, and which services need a look first.

import type { Shape } from "../api/client.ts";

export type Service = Shape<"ServiceView">;
export type AtSite = Shape<"ServiceSiteView">;

/**
 * The worst first. `failing`: the last replica failed, and another is tried. `refused`: none was even accepted, as
 * where it can never run. `short`: it lacks replicas that wait for room or may not begin. `starting`: it lacks some,
 * and they start. `ready`: it has all that its calls ask for. `idle`: they ask for none.
 */
export const STANDS = ["failing", "refused", "short", "starting", "ready", "idle"] as const;
export type Stand = (typeof STANDS)[number];

/** A failure counts until a replica works or the document changes: then there is no next try to wait for. */
export const failing = (site: AtSite) => Boolean(site.last_failure) && typeof site.again_at_s === "number" && (site.ready < site.wanted || site.ready === 0);

/** How a service stands at a site. */
export function standOf(site: AtSite): Stand {
  if (failing(site)) return site.failed_replica ? "failing" : "refused";
  if (site.ready >= site.wanted) return site.ready > 0 ? "ready" : "idle";
  return site.held > 0 || site.why.length > 0 ? "short" : "starting";
}

/** How it stands where it stands worst; `idle` if it has no site. */
export function worst(sites: readonly AtSite[]): Stand {
  return STANDS[Math.min(...sites.map((site) => STANDS.indexOf(standOf(site))), STANDS.length - 1)]!;
}

/** Those of a project, or at a site, if one is named; at that site alone. Those that need a look come first. */
export function looked(services: readonly Service[], wanted: { project?: string; site?: string } = {}): Service[] {
  return services
    .filter((one) => !wanted.project || one.project === wanted.project)
    .map((one) => (wanted.site ? { ...one, sites: one.sites.filter(({ site }) => site === wanted.site) } : one))
    .filter((one) => !wanted.site || one.sites.length > 0)
    .sort((one, other) => STANDS.indexOf(worst(one.sites)) - STANDS.indexOf(worst(other.sites)) || (one.name < other.name ? -1 : 1));
}

/** How many services stand so, the worst first; those that there are none of are left out. */
export function counted(services: readonly Service[]): [Stand, number][] {
  const stands = services.map((one) => worst(one.sites));
  return STANDS.map((stand): [Stand, number] => [stand, stands.filter((one) => one === stand).length]).filter(([, count]) => count > 0);
}

/** A number of all sites together. */
export const total = (sites: readonly AtSite[], of: "ready" | "wanted" | "starting" | "held" | "draining" | "in_flight" | "waiting") =>
  sites.reduce((sum, site) => sum + site[of], 0);

/** What an engine writes after such a line, as of a process that is left, says less. */
const ERROR = /^\s*[\w.]*(?:Error|Exception)\b|\b(?:error|fatal)\b\s*:/i;

/** Of the last lines that a failed replica wrote the one that says most: the last that names an error, else the last. */
export function telling(words: string): string {
  const written = words.split(/\r?\n/).filter((line) => line.trim());
  return (written.filter((line) => ERROR.test(line)).at(-1) ?? written.at(-1) ?? "").trim();
}
