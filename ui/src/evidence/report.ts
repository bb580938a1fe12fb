// What a verified receipt says, in words: what is proved, what is attested, and what is only declared.

import { spacedText, type Json } from "./json.ts";
import { KIND } from "./receipt.ts";
import type { Code } from "./refusal.ts";
import { cut, printable, shown } from "./shown.ts";

const TIME_S_MAX = 253_402_300_799n; // The last second of the year 9999.
const VALUE_MAX = 300;
/** Fields that say what a decision rests on. */
const GROUNDS = ["reasons", "why"];
const DECLARED = "declared";

/** A witness saw the log at a size, at a time. */
export type Sighting = { witness: string; size: bigint; time_s: bigint };
/** A record of the log, as far as it is disclosed. */
export type Entry = {
  index: bigint;
  /** Leaves of the log at the checkpoint that the proof leads to. */
  size: bigint;
  fields: ReadonlyMap<string, Json>;
  /** Digests that are not opened; some of them may be decoys. */
  hidden: number;
};
/** Why the receipt proves nothing. */
export type Refused = { code: Code; sentence: string; mend: string };

/** The answer to whoever was handed a receipt; it proves what it says if `refused` is null. */
export type Verdict = {
  /** Name of the log. */
  origin: string;
  refused: Refused | null;
  records: readonly Entry[];
  sightings: readonly Sighting[];
  /** Size of the checkpoint that the reader knew from before, and that fits. */
  knownSize: bigint | null;
};

/** Names of the sentences; `evidence.` and one of them is a text of the page. */
export type SentenceKey =
  | "attested.none"
  | "attested.operator"
  | "attested.seen.many"
  | "attested.seen.one"
  | "attested.sighting"
  | "declared"
  | "leaf.many"
  | "leaf.one"
  | "proved.kind.hidden"
  | "proved.known"
  | "proved.record"
  | "proved.with"
  | "proved.with.none"
  | "time.beyond";
/** Says a sentence in the reader's language. */
export type Say = (key: SentenceKey, values?: Record<string, string>) => string;

/** The words of a verdict that says yes. */
export type Words = { proved: string[]; attested: string[]; declared: string[] };

export function words(verdict: Verdict, say: Say): Words {
  if (verdict.refused) return { proved: [], attested: [], declared: [] };
  return {
    proved: [...proved(verdict, say)],
    attested: [...attested(verdict, say)],
    declared: [...declared(verdict, say)],
  };
}

function* proved({ origin, records, knownSize }: Verdict, say: Say): Iterable<string> {
  for (const { index, size, fields } of records) {
    const kind = fields.get(KIND);
    const opened = [...fields].filter(([name]) => name !== KIND).map(([name, value]) => `${shown(name)} = ${valueText(value)}`);
    yield say("proved.record", {
      index: `${index}`,
      log: shown(origin),
      what: kind === undefined || kind === null ? say("proved.kind.hidden") : `'${valueText(kind)}'`,
      rest: opened.length ? say("proved.with", { fields: opened.join("; ") }) : say("proved.with.none"),
      leaves: leaves(size, say),
    });
  }
  if (knownSize !== null) yield say("proved.known", { leaves: leaves(knownSize, say) });
}

function* attested({ origin, records, sightings }: Verdict, say: Say): Iterable<string> {
  const sizes = [...new Set(records.map(({ size }) => size))].sort((one, two) => (one < two ? -1 : 1));
  for (const size of sizes) {
    const seen = sightings.filter((item) => item.size === size);
    const told = { leaves: leaves(size, say), witnesses: `${seen.length}` };
    const at = (time_s: bigint) => timeText(time_s, (seconds) => say("time.beyond", { seconds }));
    const times = seen.map((item) => say("attested.sighting", { witness: shown(item.witness), at: at(item.time_s) })).join(", ");
    if (seen.length === 0) yield say("attested.none", told);
    else yield say(seen.length === 1 ? "attested.seen.one" : "attested.seen.many", { ...told, times });
  }
  yield say("attested.operator", { log: shown(origin) });
}

function* declared({ records }: Verdict, say: Say): Iterable<string> {
  for (const { index, fields } of records) {
    for (const name of GROUNDS) {
      for (const told of declaredIn(fields.get(name) ?? null)) yield say("declared", { index: `${index}`, told });
    }
  }
}

/** What `value`, the grounds of a decision, says to be declared. */
function* declaredIn(value: Json): Iterable<string> {
  if (typeof value === "string") {
    if (value.includes(DECLARED)) yield valueText(value);
  } else if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) yield* declaredIn(item);
  } else if (value instanceof Map) {
    const item = value as ReadonlyMap<string, Json>;
    const says = (part: Json | undefined): part is string => typeof part === "string" && part.includes(DECLARED);
    if (item.get("standing") !== DECLARED && ![...item.values()].some(says)) {
      for (const below of item.values()) yield* declaredIn(below);
      return;
    }
    const message = item.get("message");
    const actual = item.get("actual");
    let told: Json = isSomething(message) ? message : item;
    // The message is the conclusion; this is what it rests on.
    if (says(actual) && !plainText(told).includes(DECLARED)) told = actual;
    const origin = item.get("origin");
    yield valueText(told) + (isSomething(origin) && told !== item ? ` (${valueText(origin)})` : "");
  }
}

const plainText = (value: Json): string => (typeof value === "string" ? value : spacedText(value));

/** Whether Python takes `value` for true. */
function isSomething(value: Json | undefined): value is Json {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return Boolean(value);
}

/** A disclosed value on one line; a text is shown without quotation marks. */
export const valueText = (value: Json): string => printable(cut(plainText(value), VALUE_MAX));

/** An instant in UTC for people; one that no calendar has, in seconds. */
export function timeText(time_s: bigint, beyond = (seconds: string) => `${seconds} s after 1970`): string {
  if (time_s > TIME_S_MAX) return beyond(`${time_s}`);
  return `${new Date(Number(time_s) * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

const leaves = (count: bigint, say: Say) =>
  say(count === 1n ? "leaf.one" : "leaf.many", { count: count.toString().replace(/\B(?=(\d{3})+$)/g, ",") });
