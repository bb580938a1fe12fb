// Figures of replays: which belong together, how they are written, and which way is better.

import type { Shape } from "../api/client.ts";
import { acceleratorHours, count, energy, percent, power, ratio, span } from "../lib/format.ts";
import { t } from "../lib/texts.svelte.ts";

export type Figure = Shape<"Figure">;
export type Compared = Shape<"FigureCompared">;
type Placed = Pick<Figure, "name" | "scope" | "site" | "of" | "unit" | "basis">;
export type Scope = Figure["scope"];

export const SCOPES: readonly Scope[] = ["all", "site", "class", "project"];
/** What is told of a replay before anything else. */
export const HEADLINES: readonly string[] = ["placed", "wait_median_s", "wait_p95_s", "utilisation", "energy_wh", "reclaims", "floors_broken", "refused", "never_ran"];

const SHARES: readonly string[] = ["utilisation", "lent_runs_share"];
const RATIOS = /^slowdown_/;
const LESS_IS_BETTER = /^(wait_|slowdown_|refused$|never_ran$|lost_|floors_broken$|floor_longest_)/;
const MORE_IS_BETTER: readonly string[] = ["placed", "utilisation", "accelerator_h"];

/** A value with its unit; `–` where it is not known. */
export function written({ name, unit }: Pick<Figure, "name" | "unit">, value: number | null): string {
  if (value === null) return "–";
  if (SHARES.includes(name)) return `${ratio(100 * value)} %`;
  switch (unit) {
    case "s":
      return value < 0 ? `−${span(-value)}` : span(value);
    case "W":
      return power(value);
    case "Wh":
      return energy(value);
    case "accelerator-h":
      return acceleratorHours(value);
    default:
      return RATIOS.test(name) ? ratio(value) : count(value);
  }
}

/** A difference with its sign, and by how much of `a` it is; empty where there is none to tell. */
export function change(one: Compared): string {
  if (one.difference === null) return "";
  if (one.difference === 0) return "=";
  const sign = one.difference > 0 ? "+" : "−";
  const size = Math.abs(one.difference);
  if (SHARES.includes(one.name)) return `${sign}${t("unit.points", { points: ratio(100 * size) })}`;
  const words = `${sign}${written(one, size)}`;
  return one.a ? `${words} (${sign}${percent(size, Math.abs(one.a))})` : words;
}

export type Way = "better" | "worse" | "same" | "other";

/** What a difference means, where more or less of a figure is better at all. */
export function way({ name, difference }: Pick<Compared, "name" | "difference">): Way {
  if (difference === 0) return "same";
  if (difference === null) return "other";
  if (LESS_IS_BETTER.test(name)) return difference < 0 ? "better" : "worse";
  return MORE_IS_BETTER.includes(name) ? (difference > 0 ? "better" : "worse") : "other";
}

export type Column = Pick<Figure, "name" | "unit" | "basis">;
export type Row<F> = { site: string; of: string; cells: (F | null)[] };
export type Table<F> = { columns: Column[]; rows: Row<F>[] };

/**
 * The figures of one scope as a table: a row for each that they are of, a column for each name, both
 * in the order in which they come. Rows and columns in which nothing is `known` are left out.
 */
export function table<F extends Placed>(figures: readonly F[], scope: Scope, known: (one: F) => boolean): Table<F> {
  const mine = figures.filter((one) => one.scope === scope);
  const names = new Set(mine.filter(known).map((one) => one.name));
  const columns = new Map<string, Column>();
  const rows = new Map<string, { site: string; of: string; by: Map<string, F> }>();
  for (const one of mine) {
    if (!names.has(one.name)) continue;
    if (!columns.has(one.name)) columns.set(one.name, { name: one.name, unit: one.unit, basis: one.basis });
    const key = JSON.stringify([one.site, one.of]);
    const row = rows.get(key) ?? { site: one.site, of: one.of, by: new Map<string, F>() };
    row.by.set(one.name, one);
    rows.set(key, row);
  }
  const order = [...columns.values()];
  return {
    columns: order,
    rows: [...rows.values()]
      .filter(({ by }) => [...by.values()].some(known))
      .map(({ site, of, by }) => ({ site, of, cells: order.map(({ name }) => by.get(name) ?? null) })),
  };
}

/** Those figures of all that are told first, in the order of `HEADLINES`. */
export const headlines = <F extends Placed>(figures: readonly F[]): F[] =>
  HEADLINES.flatMap((name) => figures.filter((one) => one.scope === "all" && one.name === name));

/** Compared figures of which something differs, or all. */
export const differing = (figures: readonly Compared[], only: boolean): readonly Compared[] =>
  only ? figures.filter((one) => one.difference !== 0 && !(one.a === null && one.b === null)) : figures;
