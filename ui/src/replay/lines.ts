// Series of replays as lines of a chart.

import type { Shape } from "../api/client.ts";

type Series = Shape<"Series">;
type Compared = Shape<"SeriesCompared">;
type Points = Shape<"Points">;
export type Line = { label: string; shade: string } & Points;

/** Lines that can be told apart. */
const SITES_MAX = 8;

/** Sites that a series is told of; the empty name is all together, and comes first. */
export const sites = (series: readonly { name: string; site: string }[], name: string): string[] =>
  [...new Set(series.filter((one) => one.name === name).map((one) => one.site))].sort();

/** A series as one line for each site; of too many only that of `site`, or of all together. */
export function bySite(series: readonly Series[], name: string, site: string, everywhere: string): Line[] {
  const mine = series.filter((one) => one.name === name).sort((one, two) => (one.site < two.site ? -1 : 1));
  const shown = mine.length > SITES_MAX + 1 || site ? mine.filter((one) => one.site === site) : mine;
  const own = shown.filter((one) => one.site);
  return shown.map((one) => ({
    label: one.site || everywhere,
    shade: one.site ? `class-${own.indexOf(one) + 1}` : "text",
    start_s: one.start_s,
    step_s: one.step_s,
    values: one.values,
  }));
}

/** The same series of two replays as two lines. */
export function sideBySide(series: readonly Compared[], name: string, site: string, labels: readonly [string, string]): Line[] {
  const found = series.find((one) => one.name === name && one.site === site);
  const of = (points: Points | null | undefined, label: string, shade: string): Line[] => (points ? [{ label, shade, ...points }] : []);
  return found ? [...of(found.a, labels[0], "power"), ...of(found.b, labels[1], "lent")] : [];
}

/** Steps as a chart takes them, in milliseconds; the last step is drawn to its end. */
export function points({ start_s, step_s, values }: Points): [number, number | null][] {
  const all = values.map((value, i): [number, number | null] => [(start_s + i * step_s) * 1000, value]);
  return values.length ? [...all, [(start_s + values.length * step_s) * 1000, values.at(-1)!]] : all;
}

/** From the first begin to the last end of all lines. [epoch s] */
export const extent = (lines: readonly Points[]): [number, number] => [
  Math.min(...lines.map((one) => one.start_s)),
  Math.max(...lines.map((one) => one.start_s + one.step_s * one.values.length)),
];
