// Reading the output of a workload by its bytes: how much there is, a part of it, and what follows.

import { bytes, Problem } from "../api/client.ts";
import { size } from "./output.ts";

export type Stream = "stdout" | "stderr";
export type Part = { from: number; data: Uint8Array; next: number };

const path = (id: string, stream: Stream, query: string) => `/v1/workloads/${encodeURIComponent(id)}/logs?stream=${stream}&${query}`;

/** The part from `from` on; it begins later where what is between was not kept. */
export async function part(id: string, stream: Stream, from: number, limit: number, signal: AbortSignal): Promise<Part> {
  const answer = await bytes(path(id, stream, `offset=${from}&limit=${limit}`), signal);
  const data = new Uint8Array(await answer.arrayBuffer());
  const began = Number(answer.headers.get("Allod-Offset") ?? from);
  return { from: began, data, next: Number(answer.headers.get("Allod-Next-Offset") ?? began + data.length) };
}

/** The last `most` bytes, or fewer if there are not so many. */
export async function tail(id: string, stream: Stream, most: number, signal: AbortSignal): Promise<Part> {
  const first = await part(id, stream, 0, most, signal);
  if (first.data.length < most) return first;
  const all = await size(first.next, async (from) => (await part(id, stream, from, 1, signal)).data.length > 0);
  return part(id, stream, Math.max(0, all - most), 2 * most, signal);
}

/** What is written from `from` on, as it comes, until the workload has ended or the node is gone. */
export async function follow(id: string, stream: Stream, from: number, signal: AbortSignal, came: (data: Uint8Array) => void): Promise<void> {
  const answer = await bytes(path(id, stream, `offset=${from}&follow=true`), signal);
  await pieces(answer.body!, (data) => {
    came(data);
    return true;
  });
}

/** Each piece of a body until `came` wants no more; a link that breaks is told as no answer is. */
export async function pieces<T>(body: ReadableStream<T>, came: (piece: T) => boolean): Promise<void> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done || !came(value)) return;
    }
  } catch (error) {
    if (error instanceof TypeError) throw new Problem(0, error.message);
    throw error;
  }
}
