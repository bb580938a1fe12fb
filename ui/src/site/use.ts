// Accelerators of a site by use: within a floor, beyond one.

import type { AccessClass, Site } from "./shapes.ts";

type Counted = Pick<AccessClass, "name" | "parent" | "within_floor" | "borrowed">;

/** What outermost classes use within their floors, and the rest of what is in use, which is lent. */
export function useOf(site: Pick<Site, "in_use"> & { classes: readonly Counted[] }): { own: number; lent: number } {
  const outer = site.classes.filter((one) => one.parent === null);
  if (outer.length === 0) return { own: site.in_use, lent: 0 };
  const own = Math.min(site.in_use, outer.reduce((sum, one) => sum + one.within_floor, 0));
  return { own, lent: site.in_use - own };
}

/** Classes whose floor is broken, without those of which one inside says so more nearly. Work can be
 * of a class that has others inside: then it is broken and none of these. */
export function brokenOf<One extends Pick<AccessClass, "name" | "parent" | "floor_kept">>(classes: readonly One[]): One[] {
  const broken = classes.filter((one) => one.floor_kept === false);
  return broken.filter((one) => !broken.some((inner) => inner.parent === one.name));
}

/** Classes with how deep each stands in another; parents before those inside them, as they came. */
export function nested<One extends { name: string; parent: string | null }>(classes: readonly One[]): { one: One; depth: number }[] {
  const depths = new Map<string, number>();
  return classes.map((one) => {
    const depth = one.parent === null ? 0 : (depths.get(one.parent) ?? -1) + 1;
    depths.set(one.name, depth);
    return { one, depth };
  });
}
