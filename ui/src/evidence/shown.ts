// Values of strangers in messages: short, on one line, and harmless.

const SHOWN_MAX = 80;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** `text` with each letter that does not print written as its number, as Python writes it. */
export function printable(text: string): string {
  let out = "";
  for (const letter of text) out += PRINTABLE.test(letter) ? letter : escaped(letter);
  return out;
}

/** The first `most` letters of `text`, with dots where there are more. */
export function cut(text: string, most: number): string {
  // No letter takes more than two units, so a short text is known to be one.
  if (text.length <= most) return text;
  const letters = [...text.slice(0, 2 * most + 2)];
  return letters.length <= most ? text : `${letters.slice(0, most).join("")}...`;
}

export function shown(value: unknown): string {
  const text = value instanceof Uint8Array ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(value) : String(value);
  return printable(cut(text, SHOWN_MAX));
}

const SHORT: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(letter: string): string {
  const code = letter.codePointAt(0)!;
  const hex = code.toString(16);
  return SHORT[letter] ?? (code < 0x100 ? `\\x${hex.padStart(2, "0")}` : code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`);
}
