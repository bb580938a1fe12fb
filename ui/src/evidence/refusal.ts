// The two ways in which a check ends early: the file proves nothing, or it could not be checked.

import { shown } from "./shown.ts";

/** Why a receipt proves nothing; `src/allod/prove/verify.py` lists the codes. */
export const CODES = [
  "truncated",
  "bloated",
  "not-canonical",
  "unknown-version",
  "wrong-key",
  "bad-signature",
  "not-in-log",
  "swapped-disclosure",
  "witnesses-missing",
  "same-witness-twice",
  "older-than-known",
  "fork",
  "clock-set-back",
] as const;
export type Code = (typeof CODES)[number];

/** A note, proof or receipt is malformed, or does not prove what it is said to prove. */
export class InvalidProof extends Error {
  constructor(
    readonly code: Code,
    message: string,
    readonly mend = "",
  ) {
    super(message);
  }
}

/** What the reader gave beside the receipt, a key or a policy, is none: nothing was checked. */
export class WrongUse extends Error {
  constructor(
    message: string,
    readonly mend = "",
  ) {
    super(message);
  }
}

/** The refusal of something that is not in its one allowed form. */
export const notCanonical = (field: string, value: unknown, mend: string) =>
  new InvalidProof("not-canonical", `${field} is not in its form: '${shown(value)}'`, mend);
