// Completions for the YAML editor: which fields may stand where the cursor is, and which values.

import { choices, fields, type Schema } from "./schema.ts";

export type Completion = { label: string; insert: string; help: string };

/** What may be written at the end of `before` (the text up to the cursor), and how much of it is there. */
export function completions(root: Schema, before: string): { typed: string; options: Completion[] } {
  const lines = before.split("\n");
  const line = lines.pop() ?? "";
  const value = /^\s*(?:- )?([\w-]+):\s+(?:\[?|\[.*,\s*)([\w-]*)$/.exec(line);
  if (value) {
    const path = [...pathAbove(lines, indentOf(line)), value[1]!];
    return { typed: value[2]!, options: choices(root, path).map((label) => ({ label, insert: label, help: "" })) };
  }
  const item = /^(\s*)- ([\w-]*)$/.exec(line);
  if (item) {
    const options = choices(root, pathAbove(lines, item[1]!.length + 1));
    if (options.length) return { typed: item[2]!, options: options.map((label) => ({ label, insert: label, help: "" })) };
  }
  const key = /^(\s*)(?:- )?([\w-]*)$/.exec(line);
  if (!key) return { typed: "", options: [] };
  const path = pathAbove(lines, indentOf(line));
  const options = fields(root, path).map(({ name, help }) => ({ label: name, insert: `${name}: `, help }));
  return { typed: key[2]!, options };
}

const indentOf = (line: string) => /^\s*(?:- )?/.exec(line)![0].length;

/** Names of the parts that a line with this indent lies in. */
function pathAbove(lines: readonly string[], indent: number): string[] {
  const path: string[] = [];
  let left = indent;
  for (const line of lines.toReversed()) {
    const found = /^(\s*)(?:- )?([\w-]+):\s*(?:#.*)?$/.exec(line);
    if (found && indentOf(line) < left) {
      path.unshift(found[2]!);
      left = found[1]!.length;
    }
    if (left === 0) break;
  }
  return path;
}
