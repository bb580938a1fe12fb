// What moves without a word in the log is looked at again, for as long as it moves.

import type { Resource } from "../lib/resource.svelte.ts";

const EACH_MS = 1000;

/** Ask `of` again each second while `moves` says that it may still change. */
export function whileActive<T>(of: Resource<T>, moves: (data: T) => boolean): void {
  const on = $derived(of.data !== null && moves(of.data));
  $effect(() => {
    if (!on) return;
    const timer = setInterval(() => document.hidden || of.soon(), EACH_MS);
    return () => clearInterval(timer);
  });
}
