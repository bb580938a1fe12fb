// Public keys that sign notes (C2SP signed-note): of a log, type 1, or of a witness, type 4.

import { base64, readBase64, utf8, type Bytes } from "./canonical.ts";
import { ed25519, joined, sha256 } from "./crypto.ts";
import { isWhole } from "./json.ts";
import { InvalidProof, WrongUse } from "./refusal.ts";
import { shown } from "./shown.ts";

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const ID_BYTES = 4;
const TIME_BYTES = 8;
const TIME_MAX = 2n ** 63n - 1n;
const FIELD_PRIME = 2n ** 255n - 19n;
const SPACES = /[\0-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** What a signature covers: a log signs the text, a witness the time as well. */
export type Kind = 1 | 4;
export const LOG: Kind = 1;
export const WITNESS: Kind = 4;

export const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A name without spaces and '+', as one of a key. */
export const nameIsPlain = (name: string) => !name.includes("+") && !SPACES.test(name);

/** One public key; two are the same if their `text` is. */
export class Key {
  private constructor(
    readonly kind: Kind,
    readonly name: string,
    readonly bytes: Bytes,
    readonly id: string,
  ) {}

  /** As `name+id+base64`. */
  get text(): string {
    return `${this.name}+${this.id}+${base64(joined([Uint8Array.of(this.kind), this.bytes]))}`;
  }

  /** The key that is written as `name+id+base64`; throws `WrongUse` if it is none of this kind. */
  static async parse(text: string, kind: Kind): Promise<Key> {
    const [name, data] = parts(text, kind);
    if (!name || !nameIsPlain(name) || !isWhole(name)) {
      throw new WrongUse(`'${shown(name)}' cannot be the name of a key`, "write a name without spaces and '+', such as 'example.org/log'");
    }
    // Two spellings of one key would make it look like two keys.
    const whole = BigInt(`0x${hex(data.toReversed() as Bytes)}`) & (2n ** 255n - 1n);
    if (whole >= FIELD_PRIME) {
      throw new WrongUse(`key of '${shown(name)}': ${hex(data)} is no Ed25519 key`, "ask its owner for the key again");
    }
    const id = (await sha256(utf8(`${name}\n`), Uint8Array.of(kind), data)).slice(0, ID_BYTES);
    const key = new Key(kind, name, data, hex(id));
    if (key.text !== text) {
      throw new WrongUse(`verifier key '${shown(text)}': the id is not that of the name and the key`, "copy the whole key again");
    }
    return key;
  }

  /** Whether `signature` is one by this key for the note with this text. */
  async verifies(text: string, signature: Bytes): Promise<boolean> {
    if (this.kind === LOG) return this.#signed(utf8(text), signature);
    const time_s = cosignedAt(signature);
    if (time_s > TIME_MAX) return false;
    return this.#signed(utf8(`cosignature/v1\ntime ${time_s}\n${text}`), signature.slice(TIME_BYTES));
  }

  async #signed(message: Bytes, signature: Bytes): Promise<boolean> {
    return signature.length === SIGNATURE_BYTES && ed25519(this.bytes, signature, message);
  }
}

/** The time that a cosignature says it was made at. [epoch s] */
export const cosignedAt = (signature: Uint8Array): bigint => BigInt(`0x${hex(signature.subarray(0, TIME_BYTES)) || "0"}`);

function parts(text: string, kind: Kind): [string, Bytes] {
  const [name = "", , ...body] = text.split("+");
  let data: Bytes;
  try {
    data = readBase64(body.join("+"), "verifier key");
  } catch (error) {
    if (!(error instanceof InvalidProof)) throw error;
    throw new WrongUse(`verifier key '${shown(text)}' is not written as name+id+base64`, "copy the whole key again");
  }
  if (data.length !== 1 + KEY_BYTES || data[0] !== kind) {
    throw new WrongUse(
      `verifier key '${shown(text)}' is not an Ed25519 key of type 0x0${kind}`,
      "a log has a key of type 0x01, a witness one of type 0x04",
    );
  }
  return [name, data.slice(1)];
}
