// The queue as it is seen: which rows, how many there are, and where the reader stands. New workloads
// come in at the top, but not under a reader who has gone on: they are counted until they are wanted.

import { api, taken } from "../api/client.ts";
import { filter, type Asked } from "./asked.ts";
import { BLOCK, Blocks } from "./blocks.ts";
import { rowOf, type Row } from "./row.ts";
import { Track } from "./track.ts";

/** Rows drawn below what is seen, for the next move. */
const SPARE = 2;
/** Rows that go while the list is looked at move those below by so many at most; else it is another list. */
const SHIFT_MAX = BLOCK;

export class List {
  readonly track = new Track();
  readonly blocks: Blocks<Row>;
  /** Rows of the list; null until that is known. */
  total = $state<number | null>(null);
  /** Workloads that came since the reader went on, as far as `news_max`. */
  news = $state(0);
  readonly news_max = BLOCK;
  /** The row that the keyboard is at. */
  active = $state<number | null>(null);
  /** Counts what changes the picture. */
  #drawn = $state(0);
  #asked: Asked | null = null;
  /** Newest leaf that the list has, while the reader is not at the top. */
  #until: number | null = null;
  /** The first row that is seen, to find it again. */
  #reading: string | null = null;
  /** Called when the list moved by itself: the element that is scrolled has to follow. */
  moved = () => {};

  constructor(failed: (error: unknown) => void) {
    this.blocks = new Blocks<Row>((skip, limit, signal) => this.#fetch(skip, limit, signal), () => this.#came(), failed);
  }

  /** Rows to draw, with their places; undefined where one is not here yet. */
  get seen(): { index: number; row: Row | undefined }[] {
    void this.#drawn;
    const { first, end, rows } = this.track;
    return Array.from({ length: Math.max(0, Math.min(rows, end + SPARE) - first) }, (_, at) => ({
      index: first + at,
      row: this.blocks.at(first + at),
    }));
  }

  /** How far the first of them stands out above. [px] */
  get out_px(): number {
    void this.#drawn;
    return this.track.top_px - this.track.first * this.track.row_px;
  }

  get height_px(): number {
    void this.#drawn;
    return this.track.height_px;
  }

  /** Look what has changed; another filter begins another list, at `row`. */
  async look(wanted: Asked, row: number, signal: AbortSignal): Promise<true> {
    // What is read and written from here on is not what the page asks for.
    await Promise.resolve();
    const anew = this.#asked !== wanted;
    if (anew) {
      this.#asked = wanted;
      this.#until = this.#reading = this.active = this.total = null;
      this.news = 0;
      this.blocks.clear();
      this.#draw();
    }
    const { count } = await taken(api.GET("/v1/workloads/count", { params: { query: filter(wanted) }, signal }));
    const until = this.#until;
    let news = 0;
    if (until !== null || (anew && row > 0 && wanted.sort === "submitted")) {
      const newest = await this.#page({ limit: until === null ? 1 : BLOCK }, signal);
      if (until === null) this.#until = newest[0]?.seq ?? null;
      else if (this.#until === until) news = newest.filter(({ seq }) => seq > until).length;
    }
    if (this.#until !== until && !anew) return true; // Gone to the top meanwhile, which looks again.
    this.news = news;
    // Beyond that many it is not known how many of the count are new.
    if (news < this.news_max || this.total === null) this.total = count - news;
    this.track.rows = this.total;
    if (anew) this.track.show(row);
    this.blocks.refresh();
    this.blocks.want(this.track.first, this.track.end);
    this.#draw();
    this.moved();
    return true;
  }

  /** What is seen has changed. `wait`: more may follow at once, so nothing is fetched yet. */
  went(wait = false): void {
    if (this.track.top_px > 0 && this.#until === null && this.#asked?.sort === "submitted") {
      this.#until = this.blocks.at(0)?.seq ?? null;
    }
    if (!wait) this.blocks.want(this.track.first, this.track.end);
    this.#reading = this.blocks.at(this.track.first)?.id ?? null;
    this.#draw();
  }

  /** Whether the reader is at the top of a list that is held back. */
  get behind(): boolean {
    return this.#until !== null && this.track.top_px === 0;
  }

  /** Let in what came. */
  release(): void {
    this.total = (this.total ?? 0) + this.news;
    this.track.rows = this.total;
    this.#until = this.#reading = null;
    this.news = 0;
    this.track.show(0);
    this.active = null;
    this.blocks.want(0, this.track.end);
    this.blocks.refresh();
    this.#draw();
    this.moved();
  }

  #fetch(skip: number, limit: number, signal: AbortSignal): Promise<Row[]> {
    return this.#page({ skip, limit, ...(this.#until === null ? {} : { after: String(this.#until + 1) }) }, signal);
  }

  async #page(part: { skip?: number; limit: number; after?: string }, signal: AbortSignal): Promise<Row[]> {
    const wanted = this.#asked!;
    const query = { ...filter(wanted), sort: wanted.sort, ...part };
    return (await taken(api.GET("/v1/workloads", { params: { query }, signal }))).items.map(rowOf);
  }

  /** Rows came: where others went from above, what was read stays where it is. */
  #came(): void {
    const { first, top_px } = this.track;
    const reading = this.#reading;
    const there = this.blocks.at(first);
    if (top_px > 0 && reading !== null && there !== undefined && there.id !== reading) {
      const found = this.blocks.find((row) => row.id === reading);
      if (found !== null && Math.abs(found - first) <= SHIFT_MAX) {
        this.track.shift(found - first);
        if (this.active !== null) this.active = Math.max(0, this.active + found - first);
        this.moved();
      }
    }
    this.#reading = this.blocks.at(this.track.first)?.id ?? null;
    this.#draw();
  }

  #draw(): void {
    this.#drawn += 1;
  }
}
