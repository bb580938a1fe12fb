// What a command wrote, for the eye: the last megabyte, without the signs that colour a terminal.

/** As much is kept and shown. [characters] */
export const WINDOW = 1 << 20;

// CSI ... letter, OSC ... BEL or ESC \, and two-letter escapes (ECMA-48).
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[PX^_][^\u001b]*\u001b\\|[ -/]*[0-~])/g;
// The beginning of an escape that may go on in the next part.
const BEGUN = /\u001b(?:\[[0-?]*[ -/]*|\][^\u0007\u001b]*\u001b?|[PX^_][^\u001b]*\u001b?|[ -/]*)?$/;
const BEGUN_MAX = 4096;
const PARTS_MAX = 4096;
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

/** Output as it comes, in parts of bytes. */
export class Output {
  /** Something before it was cut away. */
  cut = false;
  /** Whole lines, in the parts in which they came. */
  readonly #lines: string[] = [];
  #length = 0;
  /** The line that is still written. */
  #last = "";
  #decoder = new TextDecoder("utf-8");
  #begun = "";

  /** At most a megabyte, from the beginning of a line on unless the line is longer than that. */
  get text(): string {
    const all = this.#lines.join("") + this.#last;
    if (all.length <= WINDOW) return all;
    const end = all.slice(-WINDOW);
    const line = end.indexOf("\n");
    return line >= 0 && line < end.length - 1 ? end.slice(line + 1) : end;
  }

  /** Take on more bytes. */
  add(data: Uint8Array): void {
    this.#add(this.#decoder.decode(data, { stream: true }));
  }

  /** No more will come: what was begun stands as it is. */
  end(): void {
    this.#add(this.#decoder.decode());
    this.#begun = "";
  }

  #add(more: string): void {
    const all = this.#begun + more;
    const open = BEGUN.exec(all.slice(-BEGUN_MAX));
    const whole = open ? all.slice(0, all.length - open[0].length) : all;
    this.#begun = open ? open[0] : "";
    const text = rewound(this.#last + plain(whole));
    const line = text.lastIndexOf("\n") + 1;
    if (line) {
      this.#lines.push(text.slice(0, line));
      this.#length += line;
    }
    this.#last = text.slice(line);
    if (this.#last.length > 2 * WINDOW) this.#last = this.#last.slice(-WINDOW);
    this.cut ||= this.#length + this.#last.length > WINDOW;
    // Small parts are joined, so that there are never many to let go.
    if (this.#lines.length > PARTS_MAX || this.#length > 4 * WINDOW) {
      const kept = this.#lines.join("").slice(-WINDOW - 1);
      this.#lines.splice(0, this.#lines.length, kept);
      this.#length = kept.length;
    }
  }
}

/** `text` without what only a terminal understands. */
export const plain = (text: string): string => text.replace(ESCAPES, "").replace(CONTROL, "");

/** A line that was begun anew by a carriage return, such as a bar of progress, is its last form. */
const rewound = (text: string): string => (text.includes("\r") ? text.replaceAll("\r\n", "\n").replace(/[^\n\r]*\r(?=[^\n\r])/g, "") : text);

/** How many bytes were written, of which there are `least` at least: the node is asked for single ones. */
export async function size(least: number, hasMore: (from: number) => Promise<boolean>): Promise<number> {
  let [there, beyond] = [least, Math.max(1, least)];
  while (await hasMore(beyond)) [there, beyond] = [beyond, beyond * 2];
  while (beyond - there > 1) {
    const middle = Math.floor((there + beyond) / 2);
    if (await hasMore(middle)) there = middle;
    else beyond = middle;
  }
  return beyond;
}
