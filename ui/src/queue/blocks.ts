// Rows of a list that is too long to be loaded: those near what is seen, in blocks that are fetched when
// they are wanted, let go when they are not, and forgotten when too many others came after them.

export const BLOCK = 100;
/** So many blocks are kept: some screens before and after, and the last places that were looked at. */
export const BLOCKS_MAX = 24;

type Block<Row> = { rows: readonly Row[]; version: number };
type Fetch<Row> = (skip: number, limit: number, signal: AbortSignal) => Promise<readonly Row[]>;

export class Blocks<Row> {
  /** In the order in which they were last wanted. */
  readonly #kept = new Map<number, Block<Row>>();
  readonly #under_way = new Map<number, AbortController>();
  #version = 0;
  #window: readonly number[] = [];

  constructor(
    readonly fetch: Fetch<Row>,
    /** Rows came: draw again. */
    readonly came: (block: number) => void,
    readonly failed: (error: unknown) => void,
  ) {}

  /** The row, if it is here; it may be a little old. */
  at(index: number): Row | undefined {
    return this.#kept.get(Math.floor(index / BLOCK))?.rows[index % BLOCK];
  }

  /** Where a row that `is` wanted lies, in the blocks that are here. */
  find(is: (row: Row) => boolean): number | null {
    for (const [block, { rows }] of this.#kept) {
      const at = rows.findIndex(is);
      if (at >= 0) return block * BLOCK + at;
    }
    return null;
  }

  /** How many blocks are here, and how many are under way. */
  get load(): { kept: number; under_way: number } {
    return { kept: this.#kept.size, under_way: this.#under_way.size };
  }

  /** These rows are seen: fetch what lacks of them, and let go what is under way for others. */
  want(first: number, end: number): void {
    const window: number[] = [];
    for (let block = Math.floor(first / BLOCK); block * BLOCK < end; block += 1) window.push(block);
    this.#window = window;
    for (const [block, controller] of this.#under_way) {
      if (window.includes(block)) continue;
      controller.abort();
      this.#under_way.delete(block);
    }
    for (const block of window) {
      const kept = this.#kept.get(block);
      if (kept) {
        this.#kept.delete(block);
        this.#kept.set(block, kept);
      }
      if (kept?.version !== this.#version && !this.#under_way.has(block)) void this.#load(block);
    }
  }

  /** What is here may be old: what is seen is fetched again, and stays on show until then. */
  refresh(): void {
    this.#version += 1;
    for (const block of [...this.#kept.keys()]) if (!this.#window.includes(block)) this.#kept.delete(block);
    for (const block of this.#window) if (!this.#under_way.has(block)) void this.#load(block);
  }

  /** Another list begins: nothing that is here belongs to it. */
  clear(): void {
    this.#version += 1;
    for (const controller of this.#under_way.values()) controller.abort();
    this.#under_way.clear();
    this.#kept.clear();
    this.#window = [];
  }

  async #load(block: number): Promise<void> {
    const mine = new AbortController();
    const version = this.#version;
    this.#under_way.set(block, mine);
    try {
      const rows = await this.fetch(block * BLOCK, BLOCK, mine.signal);
      if (mine.signal.aborted) return;
      this.#kept.delete(block);
      this.#kept.set(block, { rows, version });
      for (const oldest of this.#kept.keys()) {
        if (this.#kept.size <= BLOCKS_MAX) break;
        this.#kept.delete(oldest);
      }
    } catch (error) {
      if (!mine.signal.aborted) {
        this.#under_way.delete(block);
        this.failed(error);
      }
      return;
    }
    this.#under_way.delete(block);
    this.came(block);
    // Asked to be refreshed meanwhile: what came may be old already.
    if (version !== this.#version && this.#window.includes(block) && !this.#under_way.has(block)) void this.#load(block);
  }
}
