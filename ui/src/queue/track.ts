// The scrollbar of a list that may be longer than any element can be high: browsers end at 17 million
// pixels or more, a million rows need twice that. Small moves go over the rows as they are, as a wheel
// or a finger wants; a leap goes to its part of the list.

/** No element is made higher, so that every browser can. [px] */
export const HEIGHT_PX_MAX = 12_000_000;

export class Track {
  rows = 0;
  /** Of one row, all alike. [px] */
  row_px = 40;
  /** Of what is seen at once. [px] */
  view_px = 0;
  /** Where the first seen pixel lies in the whole list. [px] */
  top_px = 0;
  #scrolled_px = 0;

  /** How high all rows are. [px] */
  get whole_px(): number {
    return this.rows * this.row_px;
  }

  /** How high the element is that is scrolled. [px] */
  get height_px(): number {
    return Math.min(this.whole_px, HEIGHT_PX_MAX);
  }

  get top_px_max(): number {
    return Math.max(0, this.whole_px - this.view_px);
  }

  get #scroll_px_max(): number {
    return Math.max(0, this.height_px - this.view_px);
  }

  /** First and last row that is seen, the second not counted; at least a part of each is. */
  get first(): number {
    return Math.min(this.rows, Math.floor(this.top_px / this.row_px));
  }

  get end(): number {
    return Math.min(this.rows, Math.ceil((this.top_px + this.view_px) / this.row_px));
  }

  /** Rows that are seen whole, at least one. */
  get page(): number {
    return Math.max(1, Math.floor(this.view_px / this.row_px));
  }

  /** The element was scrolled by somebody. */
  scrolled(scroll_px: number): void {
    const by_px = scroll_px - this.#scrolled_px;
    this.#scrolled_px = scroll_px;
    const leap = Math.abs(by_px) > 2 * this.view_px;
    // At an end of the element there is nothing left to move it by.
    const end = scroll_px <= 0 ? 0 : scroll_px >= this.#scroll_px_max ? this.top_px_max : null;
    if (leap || this.height_px === this.whole_px) this.#go(scroll_px * this.#scale);
    else if (end !== null && Math.abs(end - this.top_px) <= 2 * this.view_px) this.#go(end);
    else this.#go(this.top_px + by_px);
  }

  /** Where the element is to be scrolled to, once nobody scrolls it, for all that lies before and after. [px] */
  settled(): number {
    this.#go(this.top_px);
    this.#scrolled_px = this.#scale === 0 ? 0 : this.top_px / this.#scale;
    return this.#scrolled_px;
  }

  /** Go to a row at the upper edge. */
  show(row: number): void {
    this.#go(row * this.row_px);
  }

  /** Go no further than it takes to see all of a row. */
  reveal(row: number): void {
    const at_px = row * this.row_px;
    if (at_px < this.top_px) this.#go(at_px);
    else if (at_px + this.row_px > this.top_px + this.view_px) this.#go(at_px + this.row_px - this.view_px);
  }

  /** Rows came or went before the first that is seen: what is seen stays. */
  shift(rows: number): void {
    this.#go(this.top_px + rows * this.row_px);
  }

  get #scale(): number {
    return this.#scroll_px_max ? this.top_px_max / this.#scroll_px_max : 0;
  }

  #go(top_px: number): void {
    this.top_px = Math.min(this.top_px_max, Math.max(0, top_px));
  }
}
