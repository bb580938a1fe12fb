// Who has a part in a site, and who stands behind them: the chains of shares, out of the documents.

import type { Fact } from "./build/phases.ts";

/** A role of `spec.parties` of a site. */
export type Role = { party: string; role: string; starts?: number; ends?: number; source?: string; note?: string };
/** `spec` of a party. */
export type Party = { title?: string; seat?: Fact<string>; dispersed?: Fact<boolean>; owners?: { party: string; share_bp?: Fact<number>; note?: string }[] };

/** A line of the chain below a party. `share_bp`: of the one above, in 1/10,000; null: not known or no owner. */
export type Link = {
  party: string;
  title: string;
  depth: number;
  share_bp: number | null;
  /** Of the party at the top, if all shares on the way are known. */
  through_bp: number | null;
  seat: string | null;
  standing: string;
  source: string;
  /** Held by many, of whom none is known to control. */
  dispersed: boolean;
  /** It stands above itself in the chain, or is not described by any document. */
  stops: "" | "circle" | "unknown";
};

const WHOLE_BP = 10_000;

/** The owners of `name`, theirs below them, as lines of a tree. */
export function chainOf(name: string, parties: ReadonlyMap<string, Party>): Link[] {
  const found: Link[] = [];
  const walk = (owner: string, depth: number, share: Fact<number> | null, through_bp: number | null, above: readonly string[]) => {
    const party = parties.get(owner);
    const circle = above.includes(owner);
    found.push({
      party: owner,
      title: party?.title ?? owner,
      depth,
      share_bp: share?.value ?? null,
      through_bp,
      seat: party?.seat?.value ?? null,
      standing: share ? (share.standing ?? (share.value === undefined ? "unknown" : "declared")) : (party?.seat?.standing ?? "declared"),
      source: (share ? share.source : party?.seat?.source) ?? "",
      dispersed: party?.dispersed?.value === true,
      stops: circle ? "circle" : party ? "" : "unknown",
    });
    if (circle || !party) return;
    for (const next of party.owners ?? []) {
      const part_bp = next.share_bp?.value ?? null;
      const through = through_bp === null || part_bp === null ? null : Math.round((through_bp * part_bp) / WHOLE_BP);
      walk(next.party, depth + 1, next.share_bp ?? {}, through, [...above, owner]);
    }
  };
  walk(name, 0, null, WHOLE_BP, []);
  return found;
}

/** Parties of a site with all roles of each, in the order of the document. */
export function roledOf(roles: readonly Role[]): { party: string; roles: Role[] }[] {
  const found = new Map<string, Role[]>();
  for (const role of roles) {
    const known = found.get(role.party);
    if (known) known.push(role);
    else found.set(role.party, [role]);
  }
  return [...found].map(([party, all]) => ({ party, roles: all }));
}
