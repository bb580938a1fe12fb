// A workload on its way to the node: as a question first, then for good.

import { api, taken, type Shape } from "../api/client.ts";

const asText = { headers: { "Content-Type": "application/yaml" }, bodySerializer: (body: unknown) => String(body) };

/** Take it for good. The same `key` again starts nothing twice, and gets the first answer. */
export const send = (text: string, key: string): Promise<Shape<"Submission">> =>
  taken(api.POST("/v1/workloads", { ...asText, params: { header: { "Idempotency-Key": key } }, body: text as never }) as never);

/** What would come of it if it were submitted now; nothing is recorded or started. */
export const ask = (text: string): Promise<Shape<"Trial">> =>
  taken(api.POST("/v1/workloads", { ...asText, params: { query: { dry_run: true } }, body: text as never }) as never);
