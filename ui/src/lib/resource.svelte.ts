// Something that the page shows and the node knows: asked for, asked again when the log says that it
// may have changed, and kept on show, marked as old, while the node does not answer.

import { onDestroy } from "svelte";

import { Problem } from "../api/client.ts";
import { hear, type Leaf } from "../api/live.ts";

/** Between two looks at the node, however much happens. [ms] */
const GAP_MS = 400;
/** What time alone changes (windows, phases) is looked at so often. [ms] */
const SLOW_MS = 15_000;

export class Resource<T> {
  data = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  loading = $state(true);

  #ask: (signal: AbortSignal) => Promise<T>;
  #running: AbortController | null = null;
  #again = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looked_ms = -Infinity;

  constructor(ask: (signal: AbortSignal) => Promise<T>) {
    this.#ask = ask;
  }

  /** Look soon: at once if the last look is long ago, else when its gap is over. */
  soon(): void {
    if (this.#timer !== undefined) return;
    const wait_ms = Math.max(0, this.#looked_ms + GAP_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.look();
    }, wait_ms);
  }

  /** Look now. While a look is under way another follows it: what it brings may be old by then. */
  async look(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return;
    }
    const mine = new AbortController();
    this.#running = mine;
    this.#looked_ms = performance.now();
    try {
      const data = await this.#ask(mine.signal);
      if (!mine.signal.aborted) {
        this.data = data;
        this.problem = null;
      }
    } catch (error) {
      if (!mine.signal.aborted) {
        this.problem = problemOf(error);
        // It is gone, not out of sight: what was shown of it is no longer so.
        if (this.problem.status === 404) this.data = null;
      }
    } finally {
      // Begun anew meanwhile: then all this belongs to another look.
      if (this.#running === mine) {
        this.loading = false;
        this.#running = null;
        if (this.#again) {
          this.#again = false;
          this.soon();
        }
      }
    }
  }

  /** Ask for something else: forget what was there, and what is under way. */
  anew(): void {
    this.close();
    this.data = null;
    this.problem = null;
    this.loading = true;
    void this.look();
  }

  close(): void {
    this.#running?.abort();
    this.#running = null;
    this.#again = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** What went wrong, as a `Problem`; an error of the page's own is thrown on. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  throw error;
}

/**
 * A resource for as long as its component lives. `touches` says whether a record may have changed
 * it (default: every record); what `ask` reads of runes makes it ask anew. What no record tells of is
 * looked at every `every_ms`; 0: never.
 */
export function resource<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  touches: (leaf: Leaf) => boolean = () => true,
  every_ms = SLOW_MS,
): Resource<T> {
  const made = new Resource(ask);
  const deaf = hear(
    (leaves) => leaves.some(touches) && made.soon(),
    () => made.soon(),
  );
  const slow = every_ms ? setInterval(() => document.hidden || made.soon(), every_ms) : undefined;
  $effect(() => {
    made.anew();
  });
  onDestroy(() => {
    deaf();
    clearInterval(slow);
    made.close();
  });
  return made;
}
