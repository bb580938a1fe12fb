// A checkpoint: what a log signs about itself at one size (C2SP tlog-checkpoint 1.0.0).

import { decimal, readBase64, sameBytes, type Bytes } from "./canonical.ts";
import { LOG, WITNESS, cosignedAt, type Key } from "./keys.ts";
import { HASH_BYTES, emptyRoot } from "./merkle.ts";
import { checkedText, openNote } from "./note.ts";
import type { Policy } from "./policy.ts";
import { InvalidProof, notCanonical } from "./refusal.ts";
import { shown } from "./shown.ts";

/** The state of a log: its name, how many leaves it has, and their root. */
export type Checkpoint = { origin: string; size: bigint; root: Bytes };

/** A checkpoint that the log has signed, with the times at which witnesses saw it. [epoch s] */
export type Opened = { checkpoint: Checkpoint; times_s: ReadonlyMap<Key, bigint> };

/** The checkpoint in `note`, if the log has signed it and no witness has twice. */
export async function openCheckpoint(note: Uint8Array, log: Key, policy: Policy | null): Promise<Opened> {
  const witnesses = policy?.witnesses.map(({ key }) => key) ?? [];
  const opened = await openNote(note, [log, ...witnesses]);
  const checkpoint = await parse(opened.text);
  if (checkpoint.origin !== log.name || !opened.signatures.some(([key]) => key.kind === LOG && key.text === log.text)) {
    throw new InvalidProof(
      "wrong-key",
      `the checkpoint of the log '${shown(checkpoint.origin)}' is not signed with the key given for '${log.name}'`,
      "check that the key is the one of this log",
    );
  }
  const twice = opened.repeated[0];
  if (twice !== undefined) {
    throw new InvalidProof(
      "same-witness-twice",
      `'${shown(twice.name)}' has signed the checkpoint twice`,
      "ask for a receipt in which each signs once",
    );
  }
  const cosigned = opened.signatures.filter(([key]) => key.kind === WITNESS);
  return { checkpoint, times_s: new Map(cosigned.map(([key, signature]) => [key, cosignedAt(signature)])) };
}

async function parse(text: string): Promise<Checkpoint> {
  const lines = checkedText(text).slice(0, -1).split("\n");
  const [origin, size, root, ...extensions] = lines;
  if (origin === undefined || size === undefined || root === undefined) {
    throw new InvalidProof(
      "truncated",
      `a checkpoint of ${lines.length} lines: '${shown(text)}'`,
      "it has at least origin, size and root",
    );
  }
  if (!origin || extensions.includes("")) throw notCanonical("checkpoint", text, "leave no line empty");
  const found = {
    origin,
    size: decimal(size, "size of the checkpoint"),
    root: readBase64(root, "root of the checkpoint", HASH_BYTES),
  };
  if (found.size === 0n && !sameBytes(found.root, await emptyRoot())) {
    throw notCanonical("root of the checkpoint", root, "an empty log has one root");
  }
  return found;
}
