// The node's log as it grows. One stream for the whole page, taken up again where it broke off.

import { bytes, type Problem } from "./client.ts";
import { node } from "../lib/node.svelte.ts";

/** A record of the log, as `/v1/events` sends it. */
export type Leaf = { seq: number; kind: string; record: { site?: string; workload_id?: string } & Record<string, unknown> };
/** Whether documents came, changed or went. */
export const ofDocuments = (leaf: Leaf): boolean => leaf.kind === "event/DocumentsApplied" || leaf.kind === "event/DocumentRemoved";

type Heard = (leaves: readonly Leaf[]) => void;

const SILENT_MS = 45_000; // Three heartbeats.
const PAUSE_MS = 500;
const PAUSE_MS_MAX = 8_000;

const listeners = new Set<Heard>();
const comeback = new Set<() => void>();

/** Hear every record from now on, in groups as they arrive; `again` when the link came back. */
export function hear(heard: Heard, again?: () => void): () => void {
  listeners.add(heard);
  if (again) comeback.add(again);
  return () => {
    listeners.delete(heard);
    if (again) comeback.delete(again);
  };
}

let last: number | null = null;
let waking = () => {};

/** Try at once to reach the node, such as after a token was given. */
export function wake(): void {
  waking();
}

/** Follow the log for as long as the page is open; a page that nobody sees lets its stream go. */
export async function follow(): Promise<never> {
  let pause_ms = PAUSE_MS;
  let stop: AbortController | null = null;
  // A browser keeps few connections to one host.
  document.addEventListener("visibilitychange", () => document.hidden && stop?.abort());
  for (;;) {
    await seen();
    stop = new AbortController();
    try {
      await once(stop, () => {
        pause_ms = PAUSE_MS;
        for (const again of comeback) again();
      });
    } catch {
      // Why it broke off shows in the requests of the page itself.
    }
    if (document.hidden) continue;
    node.link = "down";
    await pause(pause_ms);
    pause_ms = Math.min(PAUSE_MS_MAX, pause_ms * 2);
  }
}

async function once(stop: AbortController, up: () => void): Promise<void> {
  let silent = setTimeout(() => stop.abort(), SILENT_MS);
  try {
    const from = last === null ? "" : `?after=${last}`;
    const answer = await bytes(`/v1/events${from}`, stop.signal);
    node.link = "live";
    up();
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(silent);
      silent = setTimeout(() => stop.abort(), SILENT_MS);
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop() ?? "";
      const leaves = blocks.map(leafOf).filter((leaf) => leaf !== null);
      if (leaves.length === 0) continue;
      node.seq = leaves.at(-1)!.seq;
      for (const heard of listeners) heard(leaves);
    }
  } finally {
    clearTimeout(silent);
  }
}

/** The record in one event; null for comments and events that only move the place. */
export function leafOf(block: string): Leaf | null {
  let found: Leaf | null = null;
  for (const line of block.split("\n")) {
    if (line.startsWith("id: ")) last = Number(line.slice(4));
    else if (line.startsWith("data: ")) found = JSON.parse(line.slice(6)) as Leaf;
  }
  return found;
}

const seen = () =>
  new Promise<void>((go) => {
    if (!document.hidden) return go();
    document.addEventListener("visibilitychange", () => go(), { once: true });
  });

const pause = (ms: number) =>
  new Promise<void>((go) => {
    waking = go;
    setTimeout(go, ms);
  });

export type { Problem };
