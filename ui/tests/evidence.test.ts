// The verifier says of every receipt what `allod.prove.verify` says, word for word.

import { describe, expect, it } from "vitest";

import { check, type Keys } from "../src/evidence/check.ts";
import { words, type Say, type Verdict } from "../src/evidence/report.ts";
import { WrongUse } from "../src/evidence/refusal.ts";
import en from "../src/texts/en.json";
import said from "./verdicts.json";

const FILES = import.meta.glob<string>("../../tests/prove/bundles/*", { query: "?raw", import: "default", eager: true });
const utf8 = (text: string) => new TextEncoder().encode(text);
const bundle = (name: string) => utf8(FILES[`../../tests/prove/bundles/${name}`]!);
const KEY = new TextDecoder().decode(bundle("log.vkey"));
const POLICY = bundle("witnesses.policy");
const say: Say = (key, values = {}) => en[`evidence.${key}`].replace(/\{(\w+)\}/g, (_, name: string) => values[name]!);

/** As the command prints it. */
function text(verdict: Verdict): string {
  const no = verdict.refused;
  if (no) return `no: ${no.code}: ${no.sentence}${no.mend ? `\nmend: ${no.mend}` : ""}\n`;
  const { proved, attested, declared } = words(verdict, say);
  const count = verdict.records.length;
  const parts = [["Proved", proved], ["Attested", attested], ["Declared", declared]] as const;
  const lines = parts.flatMap(([title, told]) => ["", title, ...(told.length ? told : ["nothing"]).map((one) => `  - ${one}`)]);
  return [`yes: ${count} record${count === 1 ? "" : "s"} of the log '${verdict.origin}'`, ...lines, ""].join("\n");
}

describe("every receipt of tests/prove", () => {
  for (const { name, known, policy, code, text: wanted } of said.bundles) {
    it(`${name}, ${policy ? "with the policy" : "with the key alone"}`, async () => {
      const keys: Keys = { log: KEY, ...(policy ? { policy: POLICY } : {}), ...(known ? { known: bundle(`${known}.checkpoint`) } : {}) };
      const verdict = await check(bundle(`${name}.receipt`), keys);
      expect(text(verdict)).toBe(wanted);
      if (policy) expect(verdict.refused?.code ?? null).toBe(code);
    });
  }
});

describe("odd receipts", () => {
  for (const { name, data, text: wanted } of said.odd) {
    it(name, async () => {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      expect(text(await check(bytes, { log: KEY }))).toBe(wanted);
    });
  }
});

it("no changed, added or missing byte is told otherwise", async () => {
  const whole = utf8(said.whole);
  for (const { at, byte, more, text: wanted } of said.spoiled as { at: number; byte?: number; more?: number; text: string }[]) {
    const middle = byte ?? more;
    const rest = middle === undefined ? [] : [middle, ...whole.subarray(byte === undefined ? at : at + 1)];
    const verdict = await check(Uint8Array.from([...whole.subarray(0, at), ...rest]), { log: KEY, policy: POLICY });
    expect(text(verdict), JSON.stringify({ at, byte, more })).toBe(wanted);
  }
});

describe("what the reader gives", () => {
  const good = bundle("good.receipt");
  it.each([
    ["no key", { log: "somebody" }],
    ["a key with another name", { log: KEY.replace("tromso", "oslo") }],
    ["the key of a witness", { log: new TextDecoder().decode(POLICY).match(/witness cnrs (\S+)/)![1]! }],
    ["a policy without quorum", { log: KEY, policy: utf8("log x\n") }],
    ["a checkpoint that is none", { log: KEY, known: good }],
  ] as [string, Keys][])("%s is said, and nothing is checked", async (_, keys) => {
    await expect(check(good, keys)).rejects.toThrow(WrongUse);
  });

  it("a key with a line end is the key", async () => {
    expect((await check(good, { log: `${KEY}\n` })).refused).toBeNull();
  });
});
