// A receipt: proofs that records are in a log, each with what its owner discloses of it. The extra
// data of each proof is canonical JSON: `{"disclosed":[[salt,name,value],...],"hidden":"...","leaf":"...","v":1}`.

import { base64url, checkBase64url, readBase64, readCanonical, sameBytes, utf8, type Bytes } from "./canonical.ts";
import { sha256 } from "./crypto.ts";
import { byCodePoint, canonicalText, spacedText, type Json } from "./json.ts";
import { HASH_BYTES, leafHash } from "./merkle.ts";
import { parseProof, splitProofs, type Proof } from "./proof.ts";
import { InvalidProof, notCanonical } from "./refusal.ts";
import { shown } from "./shown.ts";

export const RECEIPT_BYTES_MAX = 16_000_000;
/** The name under which the record's kind is a field. */
export const KIND = "kind";

const VERSION = 1n;
/** Digests in every entry. */
const PLACES = 16;
const SALT_BYTES = 16;
const DIGEST_BYTES = 32;
/** Names that SD-JWT keeps for itself. */
const RESERVED = ["_sd", "..."];
const FIELDS = ["disclosed", "hidden", "leaf", "v"];

/** One field of a record, with the salt that opens its digest. */
type Disclosure = { salt: string; name: string; value: Json };

/** One record of the log, as far as it is disclosed, and its way to a checkpoint. */
export type Shown = Omit<Proof, "extra"> & {
  disclosed: readonly Disclosure[];
  /** Digests of the rest, in base64url. */
  hidden: readonly string[];
  /** The leaf hash that the receipt says the record has. */
  leaf: Bytes;
};

/** The records that a receipt shows; nothing is verified yet. */
export function parseReceipt(data: Bytes): Shown[] {
  if (data.length > RECEIPT_BYTES_MAX) {
    throw new InvalidProof("bloated", `a receipt of ${data.length} bytes`, "16 MB are enough");
  }
  if (data.length === 0) throw new InvalidProof("truncated", "the receipt is empty", "copy the whole file");
  return splitProofs(data).map((part) => shownIn(parseProof(part)));
}

/** The disclosed fields of a record, if they and the hidden ones make up its leaf. */
export async function fieldsOf(item: Shown): Promise<ReadonlyMap<string, Json>> {
  const opened = await Promise.all(item.disclosed.map(digestOf));
  const digests = [...item.hidden, ...opened].sort();
  // A digest is plain letters, so the browser's order is that of the bytes.
  if (!sameBytes(await leafHash(utf8(`{"_sd":["${digests.join('","')}"],"v":1}`)), item.leaf)) {
    throw swapped(`what is disclosed of record ${item.index} is not what the record says`);
  }
  if (new Set(digests).size < digests.length) {
    throw new InvalidProof("not-canonical", "the digests of the entry are not sorted, or one is there twice");
  }
  const fields = new Map<string, Json>();
  for (const { name, value } of item.disclosed) {
    if (fields.has(name)) throw swapped(`field '${shown(name)}' is disclosed twice`);
    fields.set(name, value);
  }
  return fields;
}

/** base64url(SHA-256(base64url(JSON of [salt, name, value]))), as SD-JWT (RFC 9901) has it. */
async function digestOf({ salt, name, value }: Disclosure): Promise<string> {
  return base64url(await sha256(utf8(base64url(utf8(canonicalText([salt, name, value]))))));
}

function shownIn({ extra, ...proof }: Proof): Shown {
  if (extra === null) throw notCanonical("receipt", "no 'extra' line", "a plain tlog-proof shows no record");
  const field = "extra data of the receipt";
  const value = readCanonical(extra, field);
  const version = value instanceof Map ? (value as ReadonlyMap<string, Json>).get("v") : undefined;
  if (!(value instanceof Map) || typeof version !== "bigint") throw notCanonical(field, extra, "write its fields");
  if (version !== VERSION) {
    throw new InvalidProof("unknown-version", `a receipt of version ${shown(version)}`, "use a newer version of allod");
  }
  const given = value as ReadonlyMap<string, Json>;
  const [told, rest, leaf] = [given.get("disclosed"), given.get("hidden"), given.get("leaf")];
  if ([...given.keys()].join() !== FIELDS.join() || !Array.isArray(told) || typeof rest !== "string" || typeof leaf !== "string") {
    throw notCanonical(field, extra, "write its fields");
  }
  const raw = readBase64(rest, "hidden digests");
  const hidden: string[] = [];
  for (let at = 0; at < raw.length; at += DIGEST_BYTES) hidden.push(base64url(raw.subarray(at, at + DIGEST_BYTES)));
  const disclosed = (told as readonly Json[]).map(disclosureIn);
  if (raw.length % DIGEST_BYTES || hidden.length + disclosed.length !== PLACES) {
    throw notCanonical(field, extra, `show and hide ${PLACES} digests in all`);
  }
  if (!inOrder(hidden) || !inOrder(disclosed.map(({ name }) => name))) throw notCanonical(field, extra, "sort what it shows");
  return { ...proof, disclosed, hidden, leaf: readBase64(leaf, "leaf hash of the receipt", HASH_BYTES) };
}

function disclosureIn(value: Json): Disclosure {
  const [salt, name, content] = Array.isArray(value) ? (value as readonly Json[]) : [];
  if (!Array.isArray(value) || value.length !== 3 || typeof salt !== "string" || typeof name !== "string") {
    throw notCanonical("disclosure", spacedText(value), "write [salt, name, value]");
  }
  checkBase64url(salt, `salt of field '${shown(name)}'`, SALT_BYTES);
  if (RESERVED.includes(name)) throw swapped(`field '${shown(name)}' is none that a record can have`);
  return { salt, name, value: content! };
}

const inOrder = (names: readonly string[]) => names.every((name, at) => at === 0 || byCodePoint(names[at - 1]!, name) <= 0);

const swapped = (message: string) =>
  new InvalidProof("swapped-disclosure", message, "ask whoever gave you the receipt for a true one");
