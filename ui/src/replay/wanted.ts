// A replay that is being asked for: what was written becomes the request.

import { Document, stringify } from "yaml";

import type { Shape } from "../api/client.ts";
import { Draft } from "../submit/draft.ts";

/** The request as the form fills it in; a time may be text, such as `2d`, which the node reads. */
export type Wanted = {
  trace: string;
  name: string;
  documents: Record<string, unknown>[];
  without: string[];
  seed: number | string;
  strict: boolean;
  policy?: string;
  from?: string;
  to?: string;
  mapping?: { by: Shape<"Mapping">["by"]; portions: { project: string; weight: number }[] };
};

/** What is written in the form; texts as they stand there. */
export type Form = {
  trace: string;
  name: string;
  policy: string;
  from: string;
  to: string;
  seed: string;
  strict: boolean;
  /** Weights by project, where the trace does not say whose its jobs are. */
  weights: Record<string, string>;
  by: Shape<"Mapping">["by"];
};

export const EMPTY: Form = { trace: "", name: "", policy: "", from: "", to: "", seed: "0", strict: false, weights: {}, by: "user" };

/** Changed documents by kind and name; null: it is left out. */
export type Changes = Readonly<Record<string, string | null>>;

export const LOG = "log";

/** A document as text to change. */
export const textOf = (document: Record<string, unknown>): string => new Document(document).toString({ lineWidth: 100, flowCollectionPadding: false });

/** Documents whose text is no YAML object. */
export const spoiled = (changes: Changes): string[] => Object.keys(changes).filter((key) => changes[key] !== null && !new Draft(changes[key]!).good);

/** Whole numbers above zero; what else stands there is no weight. */
export const portions = (weights: Form["weights"]): { project: string; weight: number }[] =>
  Object.entries(weights)
    .map(([project, weight]) => ({ project, weight: Number(weight) }))
    .filter(({ weight }) => Number.isInteger(weight) && weight > 0);

/** A number that JavaScript would round goes as text: the node then says what it takes. */
const seedOf = (text: string): number | string => (Number.isSafeInteger(Number(text)) ? Number(text) : text);

/** The request; `needs_owner`: the trace names no projects, so that the form does. */
export function request(form: Form, changes: Changes, needs_owner: boolean): Wanted {
  const shares = needs_owner ? portions(form.weights) : [];
  return {
    trace: form.trace,
    name: form.name.trim(),
    documents: Object.values(changes).filter((text) => text !== null).map((text) => new Draft(text).toJS() as Record<string, unknown>),
    without: Object.keys(changes).filter((key) => changes[key] === null),
    seed: seedOf(form.seed),
    strict: form.strict,
    ...(form.policy ? { policy: form.policy } : {}),
    ...(form.from.trim() ? { from: form.from.trim() } : {}),
    ...(form.to.trim() ? { to: form.to.trim() } : {}),
    ...(shares.length ? { mapping: { by: form.by, portions: shares } } : {}),
  };
}

/** A value of a document in one line, for a table of differences. */
export const inLine = (value: unknown): string =>
  value === null || value === undefined ? "–" : typeof value === "string" ? value : stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();
