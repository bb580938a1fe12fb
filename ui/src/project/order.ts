// Projects as whoever gives grants looks at them: first those that need a look.

import type { Shape } from "../api/client.ts";

export type Project = Shape<"ProjectView">;
export type Grant = Shape<"GrantView">;
export type Need = Pick<Shape<"AttentionView">, "rule" | "severity" | "message" | "mend" | "says" | "kind" | "name">;
export type Looked = { project: Project; needs: readonly Need[]; holds: boolean; usedUp: boolean };

const SEVERITIES: readonly string[] = ["critical", "warning", "notice"];
/** As bad as a warning: new work is not let in. */
const USED_UP = SEVERITIES.indexOf("warning");
const NO_GRANT = SEVERITIES.length;
const NOTHING = NO_GRANT + 1;
const HOUR_S = 3600;

/** Accelerator-hours of accelerators × seconds. */
export const hours = (accelerator_s: number) => accelerator_s / HOUR_S;

/** Projects in the order in which they need a look: the worst need first, then the earliest end, then by name. */
export function looked(projects: readonly Project[], needs: readonly Need[]): Looked[] {
  const mine = new Map<string, Need[]>();
  for (const need of needs) {
    if (need.kind !== "Project") continue;
    mine.set(need.name, [...(mine.get(need.name) ?? []), need]);
  }
  return projects
    .map((project) => ({ project, needs: mine.get(project.name) ?? [], holds: (project.account?.until_s ?? 0) > 0, usedUp: project.grants.some((grant) => grant.state === "used-up") }))
    .sort((one, two) => rank(one) - rank(two) || until(one) - until(two) || (one.project.name < two.project.name ? -1 : 1));
}

function rank({ needs, project, holds, usedUp }: Looked): number {
  const worst = Math.min(...needs.map((need) => SEVERITIES.indexOf(need.severity)).filter((at) => at >= 0), NOTHING);
  return Math.min(worst, usedUp ? USED_UP : NOTHING, project.bound && !holds ? NO_GRANT : NOTHING);
}

const until = ({ project, holds }: Looked) => (holds ? project.account!.until_s : Infinity);

/** Those whose name or title has `text` in it. */
export function narrowed(all: readonly Looked[], text: string): readonly Looked[] {
  const wanted = text.trim().toLowerCase();
  return wanted ? all.filter(({ project }) => `${project.name}\n${project.title}`.toLowerCase().includes(wanted)) : all;
}

type Account = { given_accelerator_s: number; used_accelerator_s: number; committed_accelerator_s: number; left_accelerator_s: number };
/** A budget whose numbers are all known. */
export type Budget = { given_h: number; used_h: number; committed_h: number; left_h: number };

/** The numbers of an account, or of a grant that is told of alone; null where they are not known. */
export function budget(one: Account | Grant): Budget | null {
  const { used_accelerator_s: used, committed_accelerator_s: committed, left_accelerator_s: left } = one;
  if (used === null || committed === null || left === null) return null;
  return { given_h: hours(one.given_accelerator_s), used_h: hours(used), committed_h: hours(committed), left_h: hours(left) };
}

/** The grants that matter now first: those that hold, then those to come, then those that ended last. */
export function inOrder(grants: readonly Grant[]): Grant[] {
  const order: readonly Grant["state"][] = ["open", "used-up", "to-come", "ended"];
  const place = ({ state }: Grant) => Math.max(order.indexOf(state), 1);
  return [...grants].sort((one, two) => place(one) - place(two) || (one.state === "ended" ? two.ends_s - one.ends_s : one.ends_s - two.ends_s));
}
