// Text in its one allowed form: JSON, base64 and whole numbers, strictly read. Whatever is hashed or
// signed has exactly one form, so reading means: understand, write again, compare.

import { canonicalText, read, type Json } from "./json.ts";
import { notCanonical } from "./refusal.ts";

const NUMBER_MAX = 2n ** 63n - 1n;
const DEPTH_MAX = 50;
const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const CHUNK = 0x8000; // As many arguments as every browser lets a call have.

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
/** A text as UTF-8. */
export const utf8 = (text: string): Bytes => encoder.encode(text);

/** The text that `data` is in UTF-8; throws a `TypeError` for anything else. */
export const fromUtf8 = (data: Uint8Array): string => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);

/** The text that `data` is in ASCII, null for anything else. */
export function fromAscii(data: Uint8Array): string | null {
  if (data.some((byte) => byte > 0x7f)) return null;
  return fromUtf8(data);
}

export function sameBytes(one: Uint8Array, two: Uint8Array): boolean {
  return one.length === two.length && one.every((byte, at) => byte === two[at]);
}

/** Where `what` begins in `data` at or after `from`; -1 if it does not. */
export function find(data: Uint8Array, what: Uint8Array, from = 0): number {
  for (let at = data.indexOf(what[0]!, from); at >= 0; at = data.indexOf(what[0]!, at + 1)) {
    if (sameBytes(data.subarray(at, at + what.length), what)) return at;
  }
  return -1;
}

export function startsWith(data: Uint8Array, what: Uint8Array): boolean {
  return sameBytes(data.subarray(0, what.length), what);
}

/** The JSON value of which `data` are the canonical bytes. */
export function readCanonical(data: Uint8Array, field: string): Json {
  let value: Json;
  let same: boolean;
  try {
    const text = fromUtf8(data);
    value = read(text);
    same = canonicalText(value) === text;
  } catch (error) {
    // A `RangeError` is a value that is nested deeper than the reader's own stack.
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError) {
      throw notCanonical(field, data, "write it as canonical JSON");
    }
    throw error;
  }
  if (isDeep(value)) throw notCanonical(field, data, `nest it at most ${DEPTH_MAX} deep`);
  if (!same) throw notCanonical(field, data, "sort the keys, leave out spaces, escape nothing");
  return value;
}

function isDeep(value: Json): boolean {
  let level: readonly Json[] = [value];
  for (let depth = 0; depth < DEPTH_MAX; depth += 1) {
    level = level.flatMap((item): readonly Json[] =>
      Array.isArray(item) ? (item as readonly Json[]) : item instanceof Map ? [...(item as ReadonlyMap<string, Json>).values()] : [],
    );
  }
  return level.length > 0;
}

/** The whole number that `text` is: no sign, no leading zero, below 2**63. */
export function decimal(text: string, field: string): bigint {
  if (!DECIMAL.test(text) || BigInt(text) > NUMBER_MAX) {
    throw notCanonical(field, text, "write a whole number without sign or leading zero");
  }
  return BigInt(text);
}

/** `data` in base64 with padding (RFC 4648, section 4). */
export function base64(data: Uint8Array): string {
  let letters = "";
  for (let at = 0; at < data.length; at += CHUNK) letters += String.fromCharCode(...data.subarray(at, at + CHUNK));
  return btoa(letters);
}

/** `data` in base64url without padding (RFC 4648, section 5). */
export const base64url = (data: Uint8Array): string =>
  base64(data).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** The bytes of which `text` is the base64, `length` of them if it is given. */
export function readBase64(text: string, field: string, length?: number): Bytes {
  if (!BASE64.test(text)) throw notCanonical(field, text, "write it in base64 with padding");
  const data = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  // The unused bits of the last letter could hold anything, so compare.
  if (base64(data) !== text || (length !== undefined && data.length !== length)) {
    throw notCanonical(field, text, `write canonical base64${length === undefined ? "" : ` of ${length} bytes`}`);
  }
  return data;
}

/** Refuse a text that is not the base64url of `length` bytes without padding. */
export function checkBase64url(text: string, field: string, length: number): void {
  if (!/^[\0-\x7f]*$/.test(text) || text.replace(/[^A-Za-z0-9+/_-]/g, "").length % 4 === 1) {
    throw notCanonical(field, text, "write it in base64url without padding");
  }
  const padded = text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (text.length % 4)) % 4);
  const data = BASE64.test(padded) ? Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0)) : null;
  if (data === null || base64url(data) !== text || data.length !== length) {
    throw notCanonical(field, text, `write canonical base64url of ${length} bytes`);
  }
}
