// JSON as it is signed: whole numbers of any size, keys in the order of their code points. The
// browser's own JSON rounds large numbers and reorders keys, so the digests would not fit.

export type Json = null | boolean | bigint | string | readonly Json[] | ReadonlyMap<string, Json>;

const DIGITS_MAX = 4300; // More is no number of a record, and slow to read.
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
// All that a string may hold as it is: neither quote, backslash nor control character.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS: readonly [string, Json][] = [["true", true], ["false", false], ["null", null]];
const ESCAPES: Record<string, string> = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** The value that `text` says; throws a `SyntaxError` for what is no JSON, and for floats. */
export function read(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  return value;
}

class Reader {
  #at = 0;
  constructor(readonly text: string) {}

  value(): Json {
    this.#match(SPACE);
    const first = this.text[this.#at];
    if (first === '"') return this.#string();
    if (first === "{") return this.#object();
    if (first === "[") return this.#list();
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#number();
  }

  end(): void {
    this.#match(SPACE);
    if (this.#at !== this.text.length) throw this.#wrong();
  }

  #object(): Json {
    const found = new Map<string, Json>();
    this.#items("}", () => {
      this.#match(SPACE);
      if (this.text[this.#at] !== '"') throw this.#wrong();
      const key = this.#string();
      this.#match(SPACE);
      this.#take(":");
      found.set(key, this.value());
    });
    return found;
  }

  #list(): Json {
    const found: Json[] = [];
    this.#items("]", () => found.push(this.value()));
    return found;
  }

  /** What stands between brackets, with commas between; the first bracket is still to be read. */
  #items(end: string, item: () => void): void {
    this.#at += 1;
    this.#match(SPACE);
    if (this.text[this.#at] === end) {
      this.#at += 1;
      return;
    }
    for (;;) {
      item();
      this.#match(SPACE);
      if (this.text[this.#at] === end) break;
      this.#take(",");
    }
    this.#at += 1;
  }

  #string(): string {
    let out = "";
    this.#at += 1;
    for (;;) {
      out += this.#match(PLAIN)[0];
      if (this.text[this.#at] === '"') break;
      this.#take("\\");
      const letter = this.text[this.#at] ?? "";
      this.#at += 1;
      if (letter === "u") {
        const hex = this.text.slice(this.#at, this.#at + 4);
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.#wrong();
        out += String.fromCharCode(parseInt(hex, 16));
        this.#at += 4;
      } else if (ESCAPES[letter] !== undefined) out += ESCAPES[letter];
      else throw this.#wrong();
    }
    this.#at += 1;
    // Written again, half a letter would look as if it had been escaped with reason.
    if (!isWhole(out)) throw this.#wrong();
    return out;
  }

  #number(): bigint {
    const found = this.#match(NUMBER);
    if (found[1] !== undefined || found[2] !== undefined || found[0].length > DIGITS_MAX) throw this.#wrong();
    return BigInt(found[0]);
  }

  #match(what: RegExp): RegExpExecArray {
    what.lastIndex = this.#at;
    const found = what.exec(this.text);
    if (!found) throw this.#wrong();
    this.#at = what.lastIndex;
    return found;
  }

  #take(letter: string): void {
    if (this.text[this.#at] !== letter) throw this.#wrong();
    this.#at += 1;
  }

  #wrong(): SyntaxError {
    return new SyntaxError(`no JSON at ${this.#at}`);
  }
}

/** Whether `text` has no half of a letter, which UTF-8 cannot say. */
export const isWhole = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/** Order of two texts by code points; the browser's own is by UTF-16 units. */
export function byCodePoint(one: string, two: string): number {
  const length = Math.min(one.length, two.length);
  for (let at = 0; at < length; at += 1) {
    const [a, b] = [one.charCodeAt(at), two.charCodeAt(at)];
    if (a === b) continue;
    // A surrogate stands for a letter beyond all others.
    const high = [a, b].map((unit) => unit >= 0xd800 && unit <= 0xdfff);
    return high[0] === high[1] ? a - b : high[0] ? 1 : -1;
  }
  return one.length - two.length;
}

/** `value` as canonical text: keys sorted, no spaces. */
export const canonicalText = (value: Json): string => written(value, ",", ":", true);

/** `value` for people, in the order it was read: with a space after each comma and colon. */
export const spacedText = (value: Json): string => written(value, ", ", ": ", false);

function written(value: Json, comma: string, colon: string, sort: boolean): string {
  const inner = (item: Json): string => written(item, comma, colon, sort);
  if (Array.isArray(value)) return `[${value.map(inner).join(comma)}]`;
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<string, Json>)];
    if (sort) pairs.sort(([one], [two]) => byCodePoint(one, two));
    return `{${pairs.map(([key, item]) => `${JSON.stringify(key)}${colon}${inner(item)}`).join(comma)}}`;
  }
  return typeof value === "bigint" ? value.toString() : JSON.stringify(value);
}
