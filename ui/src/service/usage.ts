// What services were used for: which records are asked for, and their sums in words.

import type { Shape } from "../api/client.ts";
import { percent, significant } from "../lib/format.ts";
import { texts, type TextKey } from "../lib/texts.svelte.ts";

export type Sum = Shape<"UsageSum">;

const DAY_S = 86_400;
/** How long back, up to now. [s] */
export const SPANS = { "24h": DAY_S, "7d": 7 * DAY_S, "30d": 30 * DAY_S } as const;
export type Span = keyof typeof SPANS;
export const spanOf = (word: string | null): Span => (word !== null && word in SPANS ? (word as Span) : "24h");

/** What sums are made by. */
export const BYS = ["service", "project", "model", "site", "key", "access_class", "day"] as const;
export type By = (typeof BYS)[number];
/** Of one service there is one model. */
export const BYS_OF_ONE: readonly By[] = BYS.filter((by) => by !== "service" && by !== "model");
export const byOf = (word: string | null, among: readonly By[]): By => among.find((by) => by === word) ?? among[0]!;

/** Calls whose energy is known, measured or not. */
export const known = (sum: Sum) => sum.energy_measured + sum.energy_estimated;

/** Calls that ended badly though they were let in. */
export const broken = (sum: Sum) => sum.failed + sum.interrupted;

const J_PER_MJ = 1000;
const UNITS_J: readonly [number, string][] = [[3.6e9, "MWh"], [3.6e6, "kWh"], [3600, "Wh"], [1, "J"]];
const UNITS_G: readonly [number, string][] = [[1e6, "t"], [1e3, "kg"], [1, "g"]];

/** Millijoules in the unit that leaves the fewest digits, three of which count: `512 J`, `1.24 Wh`. */
export const joules = (amount_mj: number) => inUnit(amount_mj / J_PER_MJ, UNITS_J);

/** Micrograms, likewise: `3.1 g`, `12.4 kg`. */
export const grams = (amount_ug: number) => inUnit(amount_ug / 1e6, UNITS_G);

function inUnit(amount: number, units: readonly [number, string][]): string {
  const [size, unit] = units.find(([least]) => amount >= least) ?? units.at(-1)!;
  return `${significant(amount / size)} ${unit}`;
}

/** Energy of the calls of which it is known; '–' if it is of none. */
export const energyOf = (sum: Sum) => (known(sum) > 0 ? joules(sum.energy_mj) : "–");
export const perTokens = (sum: Sum) => (sum.energy_per_1000_tokens_mj === null || sum.energy_per_1000_tokens_mj === undefined ? "–" : joules(sum.energy_per_1000_tokens_mj));
/** Where no intensity of carbon is known, there is none to tell. */
export const carbonOf = (sum: Sum) => (known(sum) > 0 && sum.co2e_ug > 0 ? grams(sum.co2e_ug) : "–");

const NBSP = "\u00a0";

/** How the energy of the calls that were served is known, in shares of them: `20 % estimated, 80 % unknown`. */
export function methods(sum: Sum): string {
  const parts: [number, TextKey][] = [
    [sum.energy_measured, "usage.method.measured"],
    [sum.energy_estimated, "usage.method.estimated"],
    [sum.energy_unknown, "usage.method.unknown"],
  ];
  const all = parts.reduce((calls, [part]) => calls + part, 0);
  return parts.filter(([part]) => part > 0).map(([part, key]) => `${percent(part, all).replace(" ", NBSP)} ${texts.get(key)}`).join(", ") || "–";
}

/** What the energy rests on: all of it measured, or worked out of something. */
export const basisOf = (sum: Sum) => (sum.energy_method === "measured" ? ("measured" as const) : ("computed" as const));

/** The latest day first; else who called most. */
export const inOrder = (sums: readonly Sum[], by: By): Sum[] =>
  [...sums].sort((one, other) => (by === "day" ? 0 : other.calls - one.calls) || (one[by] < other[by] === (by === "day") ? 1 : -1));
