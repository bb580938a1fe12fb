// Numbers, times and units as people read them. Every number keeps its unit.

import { texts } from "./texts.svelte.ts";

const NEVER_S = 2 ** 53;
const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

const number = (value: number, digits = 0) =>
  new Intl.NumberFormat(texts.language, { maximumFractionDigits: digits }).format(value);

export const count = (value: number) => number(value);

/** Watts with the prefix that leaves three or four digits: `2.25 kW`, `230 MW`. */
export function power(value_w: number): string {
  return scaled(value_w, "W");
}

/** Watt hours, likewise. */
export function energy(value_wh: number): string {
  return scaled(value_wh, "Wh");
}

/** Accelerator-hours; below ten to hundredths. `unit`: false where a heading says it. */
export function acceleratorHours(value_h: number, unit = true): string {
  const size = Math.abs(value_h);
  const words = number(value_h, size >= 100 ? 0 : size >= 10 ? 1 : 2);
  return unit ? `${words} ${texts.get("unit.accelerator-h")}` : words;
}

/** A number that has no unit of its own, such as a ratio, to hundredths. */
export const ratio = (value: number) => number(value, 2);

/** Three digits that count, or a whole number. */
export const significant = (value: number) =>
  Math.abs(value) >= 100 ? number(value) : new Intl.NumberFormat(texts.language, { maximumSignificantDigits: 3 }).format(value);

function scaled(value: number, unit: string): string {
  const size = Math.abs(value);
  const [divisor, prefix] = size >= 1e9 ? [1e9, "G"] : size >= 1e6 ? [1e6, "M"] : size >= 1e3 ? [1e3, "k"] : [1, ""];
  const part = value / divisor;
  const digits = Math.abs(part) >= 100 || divisor === 1 ? 0 : Math.abs(part) >= 10 ? 1 : 2;
  return `${number(part, digits)} ${prefix}${unit}`;
}

export const percent = (part: number, whole: number) =>
  whole ? `${number((100 * part) / whole, 0)} %` : "–";

/** A span of time by its two largest parts: `2 d 3 h`, `4 min`. */
export function span(value_s: number): string {
  const left = Math.max(0, Math.round(value_s));
  const parts: [number, string][] = [
    [Math.floor(left / DAY_S), "d"],
    [Math.floor((left % DAY_S) / HOUR_S), "h"],
    [Math.floor((left % HOUR_S) / MINUTE_S), "min"],
    [left % MINUTE_S, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

/** A moment, short: the time today, else day and time; all in UTC, as the log has them. */
export function moment(at_s: number, now_s: number): string {
  if (at_s >= NEVER_S) return texts.get("time.never");
  const date = new Date(at_s * 1000);
  const today = Math.floor(at_s / DAY_S) === Math.floor(now_s / DAY_S);
  const near = Math.abs(at_s - now_s) < 300 * DAY_S;
  return new Intl.DateTimeFormat(texts.language, {
    timeZone: "UTC",
    hour: "2-digit",
    minute: "2-digit",
    ...(today ? { second: "2-digit" } : { day: "numeric", month: "short" }),
    ...(near ? {} : { year: "numeric" }),
    hourCycle: "h23",
  }).format(date);
}

/** A moment in full, for titles: `2026-11-22 21:04:05 UTC`. */
export const stamp = (at_s: number) =>
  at_s >= NEVER_S ? texts.get("time.never") : `${new Date(at_s * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;

export const day = (at_s: number) =>
  new Intl.DateTimeFormat(texts.language, { timeZone: "UTC", dateStyle: "medium" }).format(new Date(at_s * 1000));
