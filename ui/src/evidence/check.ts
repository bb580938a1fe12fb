// Checks a receipt with nothing but the key of the log, in this browser: no server is asked. The same
// steps in the same order as `src/allod/prove/verify.py`, so both say the same of any file.

import { decimal, find, fromAscii, sameBytes, startsWith, utf8, type Bytes } from "./canonical.ts";
import { openCheckpoint, type Checkpoint, type Opened } from "./checkpoint.ts";
import { byCodePoint } from "./json.ts";
import { Key, LOG } from "./keys.ts";
import { verifyConsistency, verifyInclusion } from "./merkle.ts";
import { Policy } from "./policy.ts";
import { readHashes } from "./proof.ts";
import { fieldsOf, parseReceipt, type Shown } from "./receipt.ts";
import { InvalidProof, WrongUse, notCanonical } from "./refusal.ts";
import { timeText, type Entry, type Sighting, type Verdict } from "./report.ts";
import { shown } from "./shown.ts";

/** How far the clock of a node may be ahead of that of a witness. [s] */
const CLOCKS_APART_S_MAX = 600n;
/** The field that says when something was recorded, by the node's clock. [s] */
const AT_S = "at_s";
const BLANK = utf8("\n\n");

/** What the reader trusts. */
export type Keys = {
  /** Key of the log: `name+id+base64`. */
  log: string;
  /** Which witnesses must have seen it: a file in the form of tlog-policy. */
  policy?: Uint8Array;
  /** A checkpoint that the reader kept, after a consistency proof if there is one. */
  known?: Uint8Array;
};

type Known = { opened: Opened; proofFrom: bigint; proof: readonly Bytes[] };

/**
 * What the receipt `bundle` proves to a reader who trusts `keys`; a file that proves nothing has a
 * verdict too. Throws `WrongUse` if `keys` are none, or this browser cannot check.
 */
export async function check(bundle: Uint8Array, keys: Keys): Promise<Verdict> {
  const log = await Key.parse(keys.log.trim(), LOG);
  const policy = keys.policy ? await Policy.parse(keys.policy) : null;
  const known = keys.known ? await readKnown(keys.known, log, policy) : null;
  try {
    return await new Check(log, policy, known).verdict(Uint8Array.from(bundle));
  } catch (error) {
    if (!(error instanceof InvalidProof)) throw error;
    const refused = { code: error.code, sentence: error.message, mend: error.mend };
    return { origin: log.name, refused, records: [], sightings: [], knownSize: null };
  }
}

async function readKnown(data: Uint8Array, log: Key, policy: Policy | null): Promise<Known> {
  try {
    if (!startsWith(data, utf8("old "))) return { opened: await openCheckpoint(data, log, policy), proofFrom: 0n, proof: [] };
    const { size, proof, note } = readConsistency(data);
    return { opened: await openCheckpoint(note, log, policy), proofFrom: size, proof };
  } catch (error) {
    if (error instanceof InvalidProof) throw new WrongUse(error.message, error.mend);
    throw error;
  }
}

/** Old size and hashes out of the lines before a checkpoint, and the rest (C2SP tlog-witness). */
function readConsistency(data: Uint8Array): { size: bigint; proof: Bytes[]; note: Uint8Array } {
  const blank = find(data, BLANK);
  if (blank < 0) throw new InvalidProof("truncated", "no blank line after the consistency proof", "send all of it");
  const text = fromAscii(data.subarray(0, blank));
  if (text === null) throw notCanonical("consistency proof", data.subarray(0, blank), "write it in ASCII");
  const [first = "", ...hashes] = text.split("\n");
  const proof = readHashes(hashes);
  return { size: decimal(first.slice("old ".length), "old size"), proof, note: data.subarray(blank + BLANK.length) };
}

/** The steps; each throws an `InvalidProof` where the receipt fails. */
class Check {
  /** Checkpoints that were opened, by their notes; most receipts have one for all records. */
  readonly #opened = new Map<string, Opened>();

  constructor(
    readonly log: Key,
    readonly policy: Policy | null,
    readonly known: Known | null,
  ) {}

  async verdict(data: Bytes): Promise<Verdict> {
    // (1) The policy is about this log.
    this.#checkPolicy();
    // (2) The file has its form.
    const records: Entry[] = [];
    for (const item of parseReceipt(data)) records.push(await this.#record(item));
    // (6) All checkpoints are of one log, which never took anything back.
    await this.#checkHistory();
    const knownSize = this.known?.opened.checkpoint.size ?? null;
    return { origin: this.log.name, refused: null, records, sightings: this.#sightings(), knownSize };
  }

  /** The policy trusts the log, if it names any, and does not take it for a witness. */
  #checkPolicy(): void {
    if (this.policy === null) return;
    const { logs, witnesses } = this.policy;
    if (logs.length && !logs.some((key) => key.text === this.log.text)) {
      throw new InvalidProof(
        "wrong-key",
        `the policy does not name the log '${shown(this.log.name)}' with this key`,
        "check the key, or add a 'log' line to the policy",
      );
    }
    const itself = witnesses.find(({ key }) => sameBytes(key.bytes, this.log.bytes));
    if (itself) {
      throw new InvalidProof(
        "same-witness-twice",
        `the witness '${shown(itself.name)}' has the key of the log itself`,
        "no log is its own witness; take the line out of the policy",
      );
    }
  }

  async #record(item: Shown): Promise<Entry> {
    // (3) What is disclosed is what the record says.
    const fields = await fieldsOf(item);
    // (4) The log, and enough witnesses, have signed the checkpoint.
    const seen = await this.#seen(item.note);
    // (5) The record is in the log, and was there when the witnesses looked.
    const { size, root } = seen.checkpoint;
    if (!(await verifyInclusion(item.leaf, item.index, size, item.hashes, root))) {
      throw new InvalidProof(
        "not-in-log",
        `the proof does not lead from entry ${item.index} to the root of the ${size} leaves that the log has signed`,
        "the record or the proof was changed; ask the log for a new receipt",
      );
    }
    const at_s = fields.get(AT_S);
    for (const [key, time_s] of seen.times_s) {
      if (typeof at_s === "bigint" && at_s > time_s + CLOCKS_APART_S_MAX) {
        throw new InvalidProof(
          "clock-set-back",
          `entry ${item.index} says ${AT_S} = ${at_s} (${timeText(at_s)}), but '${shown(key.name)}' saw it at ${timeText(time_s)}, before that`,
          "ask the node and the witness which clock was wrong",
        );
      }
    }
    return { index: item.index, size, fields, hidden: item.hidden.length };
  }

  async #seen(note: Bytes): Promise<Opened> {
    // One letter a byte, so that two notes never look the same.
    const name = new TextDecoder("latin1").decode(note);
    let seen = this.#opened.get(name);
    if (seen === undefined) {
      seen = await openCheckpoint(note, this.log, this.policy);
      this.#opened.set(name, seen);
      const lacks = this.policy?.lacks(new Set([...seen.times_s.keys()].map((key) => key.text))) ?? [];
      if (lacks.length) {
        throw new InvalidProof(
          "witnesses-missing",
          `the policy is not met at ${seen.checkpoint.size} leaves: ${lacks.join("; ")}`,
          "ask for a receipt that more witnesses have cosigned",
        );
      }
    }
    return seen;
  }

  /** One root for each size, all consistent with what is known; clocks that never go back. */
  async #checkHistory(): Promise<void> {
    const here = [...this.#opened.values()];
    const all = this.known ? [...here, this.known.opened] : here;
    const points = all.map(({ checkpoint }) => checkpoint);
    for (const [at, { size, root }] of points.entries()) {
      const other = points.slice(0, at).find((point) => point.size === size);
      if (other && !sameBytes(other.root, root)) throw fork(`two roots are signed for the log at ${size} leaves`);
    }
    for (const { checkpoint } of here) await this.#checkKnown(checkpoint);
    checkClocks(all);
    const sizes = [...new Set(here.map(({ checkpoint }) => checkpoint.size))].sort(byNumber);
    if (sizes.length > 1) {
      // Nothing in a receipt joins them: they may be of two histories under one key.
      throw fork(
        `nothing shows that the log at ${sizes.at(-1)} leaves continues the one at ${sizes[0]}`,
        "verify each part by itself, with --known for the other",
      );
    }
  }

  /** `point` and the known checkpoint are of one log. */
  async #checkKnown(point: Checkpoint): Promise<void> {
    if (this.known === null || point.size === this.known.opened.checkpoint.size) return;
    const other = this.known.opened.checkpoint;
    const [old, now] = point.size < other.size ? [point, other] : [other, point];
    if (old.size && this.known.proofFrom !== old.size) {
      if (old === point) {
        throw new InvalidProof(
          "older-than-known",
          `the receipt shows the log at ${point.size} leaves; you know it at ${other.size}`,
          "ask for a newer receipt, or for a consistency proof between the two",
        );
      }
      throw fork(
        `nothing shows that the log at ${point.size} leaves continues the one that you know at ${other.size}`,
        "put the consistency proof between the two before the known checkpoint",
      );
    }
    if (old.size && !(await verifyConsistency(old, now, this.known.proof))) {
      throw fork(
        `the proof does not show that the log at ${now.size} leaves begins with the one at ${old.size}`,
        "make it for these two; if none fits them, keep both and tell the witnesses",
      );
    }
  }

  #sightings(): Sighting[] {
    const found = new Map<string, Sighting>();
    for (const { checkpoint, times_s } of this.#opened.values()) {
      for (const [key, time_s] of times_s) {
        const sighting = { witness: key.name, size: checkpoint.size, time_s };
        found.set(`${sighting.size} ${time_s} ${key.name}`, sighting);
      }
    }
    return [...found.values()].sort(
      (one, two) => byNumber(one.size, two.size) || byNumber(one.time_s, two.time_s) || byCodePoint(one.witness, two.witness),
    );
  }
}

/** A witness that has seen more leaves has seen them later. */
function checkClocks(all: readonly Opened[]): void {
  const times = new Map<string, { name: string; seen: { size: bigint; time_s: bigint }[] }>();
  for (const { checkpoint, times_s } of all) {
    for (const [key, time_s] of times_s) {
      const its = times.get(key.text) ?? { name: key.name, seen: [] };
      its.seen.push({ size: checkpoint.size, time_s });
      times.set(key.text, its);
    }
  }
  for (const { name, seen } of times.values()) {
    seen.sort((one, two) => byNumber(one.size, two.size) || byNumber(one.time_s, two.time_s));
    for (const [at, { size, time_s }] of seen.entries()) {
      const later = seen[at + 1];
      if (later && later.time_s < time_s) {
        throw new InvalidProof(
          "clock-set-back",
          `'${shown(name)}' saw ${size} leaves at ${timeText(time_s)} and ${later.size} leaves at ${timeText(later.time_s)}, before that`,
          "ask the witness which time is wrong",
        );
      }
    }
  }
}

const byNumber = (one: bigint, two: bigint) => (one < two ? -1 : one > two ? 1 : 0);

const fork = (message: string, mend = "keep both: together they are evidence; tell the witnesses") =>
  new InvalidProof("fork", message, mend);
