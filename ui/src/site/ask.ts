// What the site page asks of the node, in one place.

import { api, taken, type Shape } from "../api/client.ts";
import type { NodeMap } from "./shapes.ts";

const of = (name: string, signal: AbortSignal) => ({ params: { path: { name } }, signal });

export const askSite = (name: string, signal: AbortSignal) => taken(api.GET("/v1/sites/{name}", of(name, signal)));
export const askPhases = (name: string, signal: AbortSignal) => taken(api.GET("/v1/sites/{name}/phases", of(name, signal)));
export const askParties = (name: string, signal: AbortSignal) => taken(api.GET("/v1/sites/{name}/parties", of(name, signal)));
export const askPower = (name: string, signal: AbortSignal) => taken(api.GET("/v1/sites/{name}/power", of(name, signal)));

/** The machines, with all who share a node. */
export const askNodes = async (name: string, signal: AbortSignal) =>
  // The client makes lists of numbers of what are pairs.
  (await taken(api.GET("/v1/sites/{name}/nodes", { params: { path: { name }, query: { shared: true } }, signal }))) as NodeMap;

/** Calls for less power, or tries to: what is decided for it. */
export const callFor = async (name: string, body: Shape<"Call">, dry_run: boolean) =>
  (await taken(api.POST("/v1/sites/{name}/curtailment", { params: { path: { name }, query: { dry_run } }, body }))) as Shape<"Foretold">;

/** The site's document, for what no view tells. */
export const askDocument = (name: string, signal: AbortSignal) =>
  taken(api.GET("/v1/documents/{kind}/{name}", { params: { path: { kind: "Site", name } }, signal }));
