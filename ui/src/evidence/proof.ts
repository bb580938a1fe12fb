// A proof that an entry is in a log, as text (C2SP tlog-proof, version 1).

import { decimal, find, fromAscii, readBase64, startsWith, utf8, type Bytes } from "./canonical.ts";
import { HASH_BYTES } from "./merkle.ts";
import { InvalidProof, notCanonical } from "./refusal.ts";
import { shown } from "./shown.ts";

const HEADER = "c2sp.org/tlog-proof@v1\n";
const ANY_VERSION = "c2sp.org/tlog-proof@";
const BLANK = utf8("\n\n");
const PROOF_BYTES_MAX = 2_000_000;
const HASHES_MAX = 63;

/** An index, the hashes from there to a root, and the checkpoint that has this root. */
export type Proof = {
  index: bigint;
  hashes: readonly Bytes[];
  /** The signed checkpoint, as it came; nobody has verified it yet. */
  note: Bytes;
  /** What an application adds; no signature covers it. */
  extra: Bytes | null;
};

/** The proofs that stand one after another in `data`. */
export function splitProofs(data: Bytes): Bytes[] {
  const next = utf8(`\n${HEADER}`);
  const starts = [0];
  for (let at = find(data, next); at >= 0; at = find(data, next, at + 1)) starts.push(at + 1);
  return starts.map((start, number) => data.subarray(start, starts[number + 1]));
}

/** The proof that `data` is the text of; the checkpoint in it is left as it is. */
export function parseProof(data: Bytes): Proof {
  if (data.length > PROOF_BYTES_MAX) {
    throw new InvalidProof("bloated", `a proof of ${data.length} bytes`, "2,000,000 are enough");
  }
  if (!startsWith(data, utf8(HEADER))) throw noHeader(data);
  const body = data.subarray(HEADER.length);
  const blank = find(body, BLANK);
  if (blank < 0 || blank + BLANK.length === body.length) {
    throw new InvalidProof("truncated", "the proof ends before its checkpoint", "copy the whole file");
  }
  const head = body.subarray(0, blank);
  const text = fromAscii(head);
  if (text === null) throw notCanonical("proof", head, "write it in ASCII up to the checkpoint");
  const lines = text.split("\n");
  let extra: Bytes | null = null;
  if (lines[0]?.startsWith("extra ")) extra = readBase64(lines.shift()!.slice("extra ".length), "extra data of the proof");
  if (!lines[0]?.startsWith("index ")) {
    throw notCanonical("proof", head.subarray(-60), "write 'index <number>' before the hashes");
  }
  const index = decimal(lines.shift()!.slice("index ".length), "index of the proof");
  return { index, hashes: readHashes(lines), note: body.subarray(blank + BLANK.length), extra };
}

/** Hashes of a proof, each on its line in base64. */
export function readHashes(lines: readonly string[]): Bytes[] {
  if (lines.length > HASHES_MAX) throw new InvalidProof("bloated", `a proof of ${lines.length} hashes`, "63 are enough");
  return lines.map((line) => readBase64(line, "hash of the proof", HASH_BYTES));
}

function noHeader(data: Uint8Array): InvalidProof {
  const end = data.indexOf(0x0a);
  const first = end < 0 ? data : data.subarray(0, end);
  if (end >= 0 && startsWith(first, utf8(ANY_VERSION))) {
    return new InvalidProof(
      "unknown-version",
      `a proof of version '${shown(first.subarray(ANY_VERSION.length))}'`,
      "use a newer version of allod",
    );
  }
  if (startsWith(utf8(HEADER), data)) {
    return new InvalidProof("truncated", "the proof ends in its first line", "copy all of it");
  }
  return notCanonical("first line", first, `begin with ${HEADER.trim()}`);
}
