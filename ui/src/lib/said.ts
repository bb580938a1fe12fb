// What the node says beside reasons, in the language of the page: made from codes and values, which are
// stable. The node's own words are English; a language that has no sentences shows those.

import type { Shape } from "../api/client.ts";
import { count } from "./format.ts";
import { asked, share, worth } from "./reason.ts";
import { filled, t, texts } from "./texts.svelte.ts";

export type Said = Shape<"Said">;
/** Of what needs a person there are three sentences for one code. */
type Part = "" | ".subject" | ".mend";

/** Values that somebody wrote, or named: they stay as they are, whatever they look like. */
const WRITTEN = new Set([
  "call", "class", "classes", "countries", "meter", "models", "parties", "party", "pool", "project", "projects", "runner", "sectors", "site", "words", "workload",
]);

/** The sentence for `says`; '' if the language has none for its code, or if a value that it names lacks. */
export function told(says: Said, part: Part = ""): string {
  const values = Object.fromEntries(Object.entries(says.values).map(([name, value]) => [name, valueOf(name, value)]));
  for (const name of [`${says.code}${part}`, `${says.code}${part}.bare`]) {
    const text = texts.reasons.said.get(name);
    if (text && [...text.matchAll(/\{(\w+)\}/g)].every(([, blank]) => values[blank!])) return filled(text, values);
  }
  return "";
}

/** All of `says` with `between` between each two; '' if one of them has no sentence. */
export function toldAll(says: readonly Said[], between: string): string {
  const parts = says.map((one) => told(one));
  return parts.every(Boolean) ? parts.join(between) : "";
}

/** What a figure or a series of a replay rests on, by its name; as the node says it where nothing else is known. */
export const restsOn = (kind: "figure" | "series", of: { name: string; basis: string }): string => texts.reasons.bases.get(`${kind}.${of.name}`) ?? of.basis;

function valueOf(name: string, value: string | number): string {
  if (typeof value === "number") return name === "bp" ? share(value) : count(value);
  if (WRITTEN.has(name)) return value;
  if (name === "path") return nodeOf(value);
  if (name === "needed") return asked(value);
  // A name may be a number: it is written as it is.
  return /^\d+$/.test(value) ? value : worth("", value);
}

/** A node of the envelope in words; any other path as it is. */
function nodeOf(path: string): string {
  const [, kind, name] = /^(halls|pools)\.(.+)$/.exec(path) ?? [];
  if (kind) return t(kind === "halls" ? "tree.hall" : "tree.pool", { name: name! });
  return path === "site" ? t("tree.site") : path;
}
