// The workload that is being written: one YAML text, which the form reads and changes field by field,
// so that comments and whatever the form does not know stay as they were written.

import { Document, LineCounter, parseDocument, visit, type YAMLError } from "yaml";

/** Where in the document a field lies: `["spec", "accelerators"]`. */
export type Path = readonly string[];
export type Mistake = { line: number; message: string };

export const FIRST = `apiVersion: allod/v1
kind: Workload
metadata: {name: my-work}
spec:
  project: ""
  accelerators: 1
  wall_time_s: 1h
  command: [hostname]
`;

export class Draft {
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();

  constructor(readonly text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, logLevel: "error" });
  }

  /** What YAML itself finds wrong, with lines from 1. */
  get mistakes(): Mistake[] {
    const found = this.#document.errors.map((error: YAMLError) => ({
      line: this.#lines.linePos(error.pos[0]).line,
      message: error.code === "MULTIPLE_DOCS" ? "a second document begins; one workload is asked for at a time" : error.message,
    }));
    // The node reads none, and one that nothing was named as has no value here either.
    visit(this.#document, {
      Alias: (_, { range, source }) => void found.push({ line: range ? this.#lines.linePos(range[0]).line : 1, message: `aliases (*${source}) are not read here; write the value out` }),
    });
    const value: unknown = found.length ? {} : this.#document.toJS();
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      return [...found, { line: 1, message: "is not a document with fields" }];
    }
    return found;
  }

  get good(): boolean {
    return this.mistakes.length === 0;
  }

  /** The value of a field; undefined where it is not set. */
  get(path: Path): unknown {
    if (!this.good) return undefined;
    const value: unknown = this.#document.getIn(path);
    return value !== null && typeof value === "object" && "toJS" in value
      ? (value as { toJS(document: Document): unknown }).toJS(this.#document)
      : value;
  }

  /** The text with the field set; undefined takes it out. A text that is no YAML stays as it is. */
  with(path: Path, value: unknown): string {
    if (!this.good) return this.text;
    const document = this.#document.clone() as Document;
    if (value === undefined) {
      document.deleteIn(path);
      const parent = path.slice(0, -1);
      // A part of which nothing is left says nothing.
      if (parent.length > 1 && Object.keys((this.get(parent) as object | undefined) ?? {}).length <= 1) document.deleteIn(parent);
    } else {
      for (let depth = 1; depth < path.length; depth += 1) {
        const above = path.slice(0, depth);
        if (!document.hasIn(above)) document.setIn(above, document.createNode({}));
      }
      document.setIn(path, Array.isArray(value) ? document.createNode(value, { flow: true }) : value);
    }
    return document.toString({ lineWidth: 100, flowCollectionPadding: false });
  }

  /** Whether the document has the field, or a part that would hold it; named as for `lineOf`. */
  holds(path: string): boolean {
    const [first] = path.slice(path.lastIndexOf(" ") + 1).split(".");
    return this.good && this.#document.hasIn([first]);
  }

  /** The line of a field (from 1), or of the nearest part that holds it: for mistakes that the node found. */
  lineOf(path: string): number {
    // As the node names it: `Workload/hello: spec.accelerators`.
    const parts = path.slice(path.lastIndexOf(" ") + 1).split(".").filter(Boolean);
    for (let length = parts.length; length > 0; length -= 1) {
      const node: unknown = this.#document.getIn(parts.slice(0, length), true);
      const range = (node as { range?: [number, number, number] } | undefined)?.range;
      if (range) return this.#lines.linePos(range[0]).line;
    }
    return 1;
  }

  /** The document as the node takes it. */
  toJS(): unknown {
    return this.#document.toJS();
  }
}

/** A new draft after a workload that was asked for before, with another number of accelerators if given. */
export function after(name: string, spec: Record<string, unknown>, accelerators?: number): string {
  const body = { apiVersion: "allod/v1", kind: "Workload", metadata: { name }, spec: { ...spec, ...(accelerators ? { accelerators } : {}) } };
  return new Document(body).toString({ lineWidth: 100, flowCollectionPadding: false });
}

/** A line as a shell would split it, with quotes and backslashes; null if a quote is left open. */
export function argv(line: string): string[] | null {
  const found: string[] = [];
  let word = "";
  let quote = "";
  let inside = false;
  for (let at = 0; at < line.length; at += 1) {
    const sign = line[at]!;
    if (sign === "\\" && quote !== "'" && at + 1 < line.length) {
      const next = line[(at += 1)]!;
      word += quote && !['"', "\\", "$", "`"].includes(next) ? `\\${next}` : next;
      inside = true;
    } else if (quote) {
      if (sign === quote) quote = "";
      else word += sign;
    } else if (sign === '"' || sign === "'") {
      quote = sign;
      inside = true;
    } else if (/\s/.test(sign)) {
      if (inside) found.push(word);
      word = "";
      inside = false;
    } else {
      word += sign;
      inside = true;
    }
  }
  if (quote) return null;
  if (inside) found.push(word);
  return found;
}

/** The line that `argv` would split into these words. */
export const commandLine = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(" ");
