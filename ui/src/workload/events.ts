// The events of one workload, read out of the log.

import { bytes } from "../api/client.ts";
import { pieces } from "./reading.ts";
import type { Happened } from "./story.ts";

/** A leaf further away than this from the last is not searched for: that would read half the log. */
export const LEAVES_MAX = 200_000;

/** Read the records of a workload between two leaves out of the log; the later one is its last. */
export async function happened(id: string, first: number, last: number, signal: AbortSignal): Promise<Happened[]> {
  const stop = new AbortController();
  const ended = () => stop.abort();
  signal.addEventListener("abort", ended, { once: true });
  const found: Happened[] = [];
  try {
    const answer = await bytes(`/v1/events?after=${first - 1}&workload_id=${encodeURIComponent(id)}`, stop.signal);
    let rest = "";
    let at = first - 1;
    await pieces(answer.body!.pipeThrough(new TextDecoderStream()), (value) => {
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const line of blocks.flatMap((block) => block.split("\n"))) {
        if (line.startsWith("id: ")) at = Number(line.slice(4));
        else if (line.startsWith("data: ")) found.push(JSON.parse(line.slice(6)) as Happened);
        // The log has no more, whatever the last record was about.
        else if (line.startsWith(":")) at = last;
      }
      return at < last;
    });
    return found;
  } finally {
    signal.removeEventListener("abort", ended);
    stop.abort();
  }
}
