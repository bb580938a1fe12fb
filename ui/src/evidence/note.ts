// Signed notes: text that one or more keys have signed (C2SP signed-note 1.0.0).

import { fromUtf8, readBase64, type Bytes } from "./canonical.ts";
import { hex, nameIsPlain, type Key } from "./keys.ts";
import { InvalidProof, notCanonical } from "./refusal.ts";
import { shown } from "./shown.ts";

const NOTE_BYTES_MAX = 1_000_000;
const SIGNATURES_MAX = 100;
const ID_BYTES = 4;
const DASH = "\u2014 ";

/** A note that at least one known key has signed. */
export type OpenedNote = {
  text: string;
  /** Known keys and what each signed, verified. */
  signatures: readonly (readonly [Key, Bytes])[];
  /** Known keys of which there is more than one line. */
  repeated: readonly Key[];
};

type Line = { name: string; id: string; signature: Bytes };

/** The text of a note and, not verified, its signature lines. */
function readNote(note: Uint8Array): [string, Line[]] {
  if (note.length > NOTE_BYTES_MAX) {
    throw new InvalidProof("bloated", `a note of ${note.length} bytes`, "1,000,000 are enough");
  }
  let whole: string;
  try {
    whole = fromUtf8(note);
  } catch {
    throw notCanonical("note", note, "write it in UTF-8");
  }
  const blank = whole.lastIndexOf("\n\n");
  const block = blank < 0 ? whole : whole.slice(blank + 2);
  if (blank < 0 || !block.endsWith("\n")) {
    throw new InvalidProof(
      "truncated",
      `the note ends without a whole signature line: '${shown([...whole].slice(-40).join(""))}'`,
      "copy the whole note again",
    );
  }
  const lines = block.slice(0, -1).split("\n");
  if (lines.length > SIGNATURES_MAX) {
    throw new InvalidProof("bloated", `a note of ${lines.length} signatures`, "100 are enough");
  }
  return [checkedText(whole.slice(0, blank + 1)), lines.map(readLine)];
}

/** The text and the verified signatures of a note that one of `keys` or more have signed. */
export async function openNote(note: Uint8Array, keys: readonly Key[]): Promise<OpenedNote> {
  const [text, lines] = readNote(note);
  const known = new Map(keys.map((key) => [`${key.name}\n${key.id}`, key]));
  const verified = new Map<Key, Bytes>();
  const repeated: Key[] = [];
  for (const { name, id, signature } of lines) {
    const key = known.get(`${name}\n${id}`);
    if (key === undefined) continue;
    if (verified.has(key)) repeated.push(key);
    else if (await key.verifies(text, signature)) verified.set(key, signature);
    else {
      throw new InvalidProof(
        "bad-signature",
        `the signature by '${shown(name)}' is not one for this text`,
        "trust neither; ask for the note again",
      );
    }
  }
  if (verified.size === 0) {
    const there = lines.slice(0, 5).map(({ name }) => shown(name)).join(", ");
    throw new InvalidProof(
      "wrong-key",
      `no known key has signed it; there are signatures by ${there}`,
      "check that the keys are those of this log",
    );
  }
  return { text, signatures: [...verified], repeated };
}

/** `text`, if it can be that of a note: it ends a line and has no other control characters. */
export function checkedText(text: string): string {
  if (!text.endsWith("\n") || /[\0-\x09\x0b-\x1f]/.test(text)) {
    throw notCanonical("text of the note", text, "end each line with a newline alone");
  }
  return text;
}

function readLine(line: string): Line {
  const told = line.startsWith(DASH) ? line.slice(DASH.length) : line;
  const blank = told.indexOf(" ");
  const name = told.slice(0, Math.max(0, blank));
  if (!line.startsWith(DASH) || !name || !nameIsPlain(name)) {
    throw notCanonical("signature line", line, "write it as '\u2014 name base64'");
  }
  const body = told.slice(blank + 1);
  const data = readBase64(body, `signature by '${shown(name)}'`);
  if (data.length <= ID_BYTES) {
    throw notCanonical(`signature by '${shown(name)}'`, body, "write key id and signature");
  }
  return { name, id: hex(data.subarray(0, ID_BYTES)), signature: data.slice(ID_BYTES) };
}
