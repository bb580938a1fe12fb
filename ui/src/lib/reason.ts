// The node's reasons in the language of the page, made from their codes, which are stable. The node's own
// words are English; a language that has no sentences shows those.

import type { Shape } from "../api/client.ts";
import { acceleratorHours, count, energy, moment, power, ratio, span, stamp } from "./format.ts";
import { filled, texts } from "./texts.svelte.ts";

export type Reason = Shape<"Reason">;

/**
 * The sentence for `reason`; '' if the language has none for its code, or if the reason lacks a value that
 * the sentence names. Of a code that says more than one thing there is a sentence for each step, and a `bare`
 * one for where values are missing.
 */
export function sentence(reason: Reason): string {
  const values = valuesOf(reason);
  for (const name of [`${reason.code}.${reason.step}`, reason.code, `${reason.code}.bare`]) {
    const text = texts.reasons.sentences.get(name);
    if (text && [...text.matchAll(/\{(\w+)\}/g)].every(([, blank]) => values[blank!])) return filled(text, values);
  }
  return "";
}

function valuesOf(reason: Reason): Record<string, string> {
  const { code, site, pool, origin } = reason;
  // An event of the log leaves out what is empty.
  const [asked, is] = [reason.needed ?? "", reason.actual ?? ""];
  let [needed, actual] = [worth(code, asked), worth(code, is)];
  // Two that differ by less than is shown would read as no reason at all.
  if (asked !== is && needed === actual) [needed, actual] = [exactly(asked) || needed, exactly(is) || actual];
  const [, of_class = ""] = /^charter of .*?: class (.+)$/.exec(origin ?? "") ?? [];
  const [, project = ""] = /^Project\/(.+?): /.exec(origin ?? "") ?? [];
  return { site, pool: pool ?? "", origin: origin ?? "", needed, actual, class: of_class, project };
}

/** What a value of a reason is in the language: `8210 W` is `8,21 kW`. */
export function worth(code: string, value: string): string {
  for (const [shape, say] of SHAPES) {
    const found = shape.exec(value);
    if (found) return say(...found.slice(1));
  }
  const bare = value.replace(/^(?:a seat in|sector|party|project|control within|no control from) /, "");
  return word(`${code}.${bare}`) || word(bare) || inside(bare);
}

/** What is asked of a project, with the kind of it, which `worth` leaves to the sentence: `Sektor research`. */
export function asked(value: string): string {
  const [, kind, what] = /^(a seat in|sector|party|project) (.+)$/.exec(value) ?? [];
  return kind ? filled(word(`asked.${kind}`), { what: inside(what!) }) : worth("", value);
}

const INSTANT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/;
/** How values are written, and how they are said. */
const SHAPES: readonly [RegExp, (...parts: (string | undefined)[]) => string][] = [
  [/^(-?\d+)(?: free| in service)?$/, (amount) => count(Number(amount))],
  [/^(\d+) W$/, (amount) => power(Number(amount))],
  [/^(\d+) s(?: at most)?$/, (amount) => span(Number(amount))],
  [/^(\d+) accelerator-hours$/, (amount) => acceleratorHours(Number(amount))],
  // Seen from 1970 no day is today's: it is said, for the sentence stays on the page.
  [INSTANT, (at) => `${moment(Date.parse(at!) / 1000, 0)} UTC`],
  [
    /^([\d.]+) kWh from the grid(?: and (\d+) g of CO2)?$/,
    (saved_kwh, saved_g) =>
      filled(word(saved_g ? "saving.carbon" : "saving"), { energy: energy(Number(saved_kwh) * 1000), carbon: `${count(Number(saved_g))} g` }),
  ],
  [
    /^at most (\d+) bp held (?:outside (.+)|abroad)$/,
    (bp, places) => filled(word(places ? "share.outside" : "share.abroad"), { share: share(bp!), places: places ?? "" }),
  ],
];

/** A value with its English words in the language: the standing of a fact, the field that it is of, 'or'. */
const inside = (value: string) =>
  value
    .replace(/\((proved|attested|declared|assumed|unknown)\)/g, (_, standing: string) => `(${texts.word("standing", standing)})`)
    .replace(/(?<=^|, )(country|management|metadata|operator) /g, (_, field: string) => `${word(`field.${field}`)} `)
    .replace(/(\d+) bp\b/g, (_, bp: string) => share(bp))
    .split(" or ")
    .reduce((one, other) => filled(word("or"), { one, other }));

const word = (name: string) => texts.reasons.values.get(name) ?? "";
/** Basis points as percent. */
export const share = (bp: string | number) => `${ratio(Number(bp) / 100)} %`;
/** To the watt or the second; '' of what is neither. */
function exactly(value: string): string {
  const [, amount, unit] = /^(\d+) (W|s)(?: at most)?$/.exec(value) ?? [];
  if (amount) return `${count(Number(amount))} ${unit}`;
  return INSTANT.test(value) ? stamp(Date.parse(value) / 1000) : "";
}
