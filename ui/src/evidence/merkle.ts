// The Merkle tree of RFC 6962: hashes, and proofs that lead to a root.

import { sameBytes, type Bytes } from "./canonical.ts";
import { sha256 } from "./crypto.ts";

export const HASH_BYTES = 32;
const LEAF = Uint8Array.of(0);
const INNER = Uint8Array.of(1);

/** The root of a log without leaves. */
export const emptyRoot = (): Promise<Bytes> => sha256();
/** The hash of a leaf: SHA-256(0x00 || entry). */
export const leafHash = (entry: Uint8Array): Promise<Bytes> => sha256(LEAF, entry);
const nodeHash = (left: Uint8Array, right: Uint8Array): Promise<Bytes> => sha256(INNER, left, right);

/** Whether `proof` leads from the leaf with hash `leaf` to `root` (RFC 9162, 2.1.3.2). */
export async function verifyInclusion(leaf: Bytes, index: bigint, size: bigint, proof: readonly Bytes[], root: Bytes): Promise<boolean> {
  if (index < 0n || index >= size) return false;
  let [found, last] = [leaf, size - 1n];
  for (const item of proof) {
    if (last === 0n) return false;
    if (index & 1n || index === last) {
      found = await nodeHash(item, found);
      while (!(index & 1n) && index) [index, last] = [index >> 1n, last >> 1n];
    } else {
      found = await nodeHash(found, item);
    }
    [index, last] = [index >> 1n, last >> 1n];
  }
  return last === 0n && sameBytes(found, root);
}

/** A tree by its size and root. */
export type Tree = { size: bigint; root: Bytes };

/** Whether the tree `now` begins with the tree `old` (RFC 9162, 2.1.4.2). */
export async function verifyConsistency(old: Tree, now: Tree, proof: readonly Bytes[]): Promise<boolean> {
  if (old.size < 0n || old.size > now.size) return false;
  if (old.size === 0n) {
    const empty = await emptyRoot();
    return proof.length === 0 && sameBytes(old.root, empty) && (now.size > 0n || sameBytes(now.root, empty));
  }
  if (old.size === now.size) return proof.length === 0 && sameBytes(old.root, now.root);
  // A size that is a power of two has a root that is a node, and whoever verifies has it.
  const [first, ...rest] = old.size & (old.size - 1n) ? proof : [old.root, ...proof];
  if (first === undefined || proof.length === 0) return false;
  let [index, last] = [old.size - 1n, now.size - 1n];
  while (index & 1n) [index, last] = [index >> 1n, last >> 1n];
  let [foundOld, foundNow] = [first, first];
  for (const item of rest) {
    if (last === 0n) return false;
    if (index & 1n || index === last) {
      foundOld = await nodeHash(item, foundOld);
      foundNow = await nodeHash(item, foundNow);
      while (!(index & 1n) && index) [index, last] = [index >> 1n, last >> 1n];
    } else {
      foundNow = await nodeHash(foundNow, item);
    }
    [index, last] = [index >> 1n, last >> 1n];
  }
  return last === 0n && sameBytes(foundOld, old.root) && sameBytes(foundNow, now.root);
}
