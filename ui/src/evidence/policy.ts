// Which logs and which witnesses a reader trusts, and how many of them it wants (C2SP tlog-policy).

import { fromUtf8 } from "./canonical.ts";
import { Key, LOG, WITNESS, hex } from "./keys.ts";
import { WrongUse } from "./refusal.ts";
import { shown } from "./shown.ts";

const POLICY_BYTES_MAX = 1_000_000;
const NONE = "none";
const CONTROL = /[\0-\x08\x0b-\x1f\x7f]/;
const THRESHOLD = /^[1-9][0-9]{0,5}$/;

export type Witness = { name: string; key: Key };
/** Has seen a checkpoint when `needed` of its members have, which stand before it. */
type Group = { name: string; needed: number; members: readonly string[] };

export class Policy {
  private constructor(
    readonly logs: readonly Key[],
    readonly witnesses: readonly Witness[],
    readonly groups: readonly Group[],
    readonly quorum: string,
  ) {}

  /** The policy that `data` says; throws `WrongUse`, which names the line, if it says none. */
  static async parse(data: Uint8Array): Promise<Policy> {
    const reader = new Reader();
    for (const [number, words] of lines(data)) await reader.line(number, words);
    if (!reader.quorum) {
      throw new WrongUse("policy: no quorum", "end with 'quorum NAME', or 'quorum none' for no witness");
    }
    return new Policy(reader.logs, reader.witnesses, reader.groups, reader.quorum);
  }

  /** What is missing to those whose keys are in `seen`; empty if they are enough. */
  lacks(seen: ReadonlySet<string>): string[] {
    const met = new Map([[NONE, true], ...this.witnesses.map(({ name, key }): [string, boolean] => [name, seen.has(key.text)])]);
    const meets = (name: string) => met.get(name) ?? false;
    // Members stand before their group, so one pass is enough.
    for (const group of this.groups) met.set(group.name, group.members.filter(meets).length >= group.needed);
    const groups = new Map(this.groups.map((group) => [group.name, group]));
    const found: string[] = [];
    const open = [this.quorum];
    for (let name = open.shift(); name !== undefined; name = open.shift()) {
      const { needed, members } = groups.get(name) ?? { needed: 1, members: [name] };
      const absent = members.filter((member) => !meets(member));
      if (meets(name) || !(groups.has(name) || name === this.quorum)) continue;
      const there = members.length - absent.length;
      found.push(`'${shown(name)}' needs ${needed} and has ${there}; missing: ${absent.map(shown).join(", ")}`);
      open.push(...absent.filter((member) => groups.has(member)));
    }
    return found;
  }
}

/** A policy, line by line. A line may only name what stands on lines before it. */
class Reader {
  readonly logs: Key[] = [];
  readonly witnesses: Witness[] = [];
  readonly groups: Group[] = [];
  quorum = "";
  readonly #names = new Set<string>();
  readonly #memberOf = new Map<string, string>();
  readonly #bearers = new Map<string, string>();

  async line(number: number, words: readonly string[]): Promise<void> {
    const [what, one = "", two = "", ...rest] = words;
    if (what === "log" && (words.length === 2 || words.length === 3)) {
      const key = await keyOf(number, one, LOG);
      this.#newKey(number, key, `log '${key.name}'`);
      this.logs.push(key);
    } else if (what === "witness" && (words.length === 3 || words.length === 4)) {
      this.#newName(number, one);
      const key = await keyOf(number, two, WITNESS);
      this.#newKey(number, key, `witness '${one}'`);
      this.witnesses.push({ name: one, key });
    } else if (what === "group" && rest.length > 0) {
      for (const member of rest) this.#newMember(number, one, member);
      this.#newName(number, one);
      this.groups.push({ name: one, needed: needed(number, two, rest.length), members: rest });
    } else if (what === "quorum" && words.length === 2) {
      if (this.quorum) throw wrong(number, "a second quorum", "say one");
      if (one !== NONE && !this.#names.has(one)) throw unknown(number, one);
      this.quorum = one;
    } else {
      throw wrong(
        number,
        `'${shown(words.join(" "))}' is no line of a policy`,
        "write log VKEY, witness NAME VKEY, group NAME all|any|NUMBER NAMES or quorum NAME",
      );
    }
  }

  #newName(number: number, name: string): void {
    if (name === NONE || this.#names.has(name)) {
      throw wrong(number, `the name '${shown(name)}' is taken`, "give each its own name");
    }
    this.#names.add(name);
  }

  #newKey(number: number, key: Key, bearer: string): void {
    const bytes = hex(key.bytes);
    const other = this.#bearers.get(bytes);
    if (other !== undefined) {
      throw wrong(number, `${shown(bearer)} has the key of ${shown(other)}`, "one key counts once; ask each for a key of its own");
    }
    this.#bearers.set(bytes, bearer);
  }

  #newMember(number: number, group: string, name: string): void {
    if (!this.#names.has(name)) throw unknown(number, name);
    const other = this.#memberOf.get(name);
    if (other !== undefined) {
      throw wrong(number, `'${shown(name)}' is in group '${shown(other)}' already`, "a witness counts once; put it in one group");
    }
    this.#memberOf.set(name, group);
  }
}

/** The lines that say something, with their numbers, in words. */
function* lines(data: Uint8Array): Iterable<[number, string[]]> {
  if (data.length > POLICY_BYTES_MAX) throw new WrongUse(`policy: ${data.length} bytes`, "1,000,000 are enough");
  let text: string;
  try {
    text = fromUtf8(data);
  } catch {
    // Python's verifier takes other bytes as names as well; nobody has a key for such a name.
    throw new WrongUse("policy: not UTF-8", "write it in UTF-8");
  }
  for (const [at, line] of text.split("\n").entries()) {
    if (CONTROL.test(line)) throw wrong(at + 1, "a control character", "write tabs, spaces and visible letters");
    const words = line.split(/[ \t]+/).filter(Boolean);
    if (words[0] !== undefined && !words[0].startsWith("#")) yield [at + 1, words];
  }
}

async function keyOf(number: number, text: string, kind: typeof LOG): Promise<Key> {
  try {
    return await Key.parse(text, kind);
  } catch (error) {
    if (error instanceof WrongUse) throw wrong(number, error.message, error.mend);
    throw error;
  }
}

function needed(number: number, text: string, members: number): number {
  if (text === "all") return members;
  if (text === "any") return 1;
  if (!THRESHOLD.test(text) || Number(text) > members) {
    throw wrong(number, `'${shown(text)}' of ${members} members`, `say all, any, or 1 to ${members}`);
  }
  return Number(text);
}

const unknown = (number: number, name: string) =>
  wrong(number, `no '${shown(name)}' stands on a line before`, "define a name before it is used");

const wrong = (number: number, message: string, mend: string) => new WrongUse(`policy, line ${number}: ${message}`, mend);
