// The API, typed by the node's own description of it. One door: token, problems and times pass here.

import createClient, { type Middleware } from "openapi-fetch";

import { node } from "../lib/node.svelte.ts";
import type { components, paths } from "./schema.d.ts";

/** A shape of the API by its name: `Shape<"SiteView">`. */
export type Shape<Name extends keyof components["schemas"]> = components["schemas"][Name];

/** The node said no, or nothing; in its own words (RFC 9457). */
export class Problem extends Error {
  constructor(
    /** HTTP status; 0 if no answer came: whether it was done is not known. */
    readonly status: number,
    readonly detail: string,
    readonly mend = "",
    readonly field = "",
    readonly value = "",
    readonly askAgain = status === 0,
    /** What kind it is, such as 'not-found'; '' if the node told none. */
    readonly code = "",
  ) {
    super(detail);
  }

  static of(status: number, body: unknown): Problem {
    const told = (body ?? {}) as Partial<Shape<"Problem">>;
    return new Problem(
      status,
      told.detail ?? `HTTP ${status}`,
      told.mend ?? "",
      told.field ?? "",
      told.value ?? "",
      told.ask_again ?? status >= 500,
      told.type?.split(":").at(-1),
    );
  }
}

const door: Middleware = {
  onRequest({ request }) {
    if (node.token) request.headers.set("Authorization", `Bearer ${node.token}`);
    return request;
  },
  async onResponse({ request, response }) {
    if (response.ok) return;
    const problem = Problem.of(response.status, await response.clone().json().catch(() => null));
    if (problem.status === 401) node.refused(problem.detail, request.headers.get("Authorization")?.slice("Bearer ".length) ?? "");
    throw problem;
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    return new Problem(0, error instanceof Error ? error.message : String(error));
  },
};

/** `api.GET("/v1/sites/{name}", {params: {path: {name}}})`; throws a `Problem` for all but 2xx. */
export const api = createClient<paths>({
  baseUrl: "",
  // Read anew each time, so that tests may put another in its place.
  fetch: (request) => globalThis.fetch(request),
  querySerializer: { array: { style: "form", explode: true } },
});
api.use(door);

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** What was answered, whole: `await taken(api.GET(...))`. */
export async function taken<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, response } = await asked;
  // `door` has thrown for every other status.
  if (data === undefined) throw new Problem(response.status, "");
  return data;
}

/** Bytes of an answer that is no JSON, such as logs and receipts. */
export async function bytes(path: string, signal?: AbortSignal): Promise<Response> {
  const token = node.token;
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  let answer: Response;
  try {
    answer = await fetch(path, { headers, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, error instanceof Error ? error.message : String(error));
  }
  if (!answer.ok) {
    const problem = Problem.of(answer.status, await answer.json().catch(() => null));
    if (problem.status === 401) node.refused(problem.detail, token);
    throw problem;
  }
  return answer;
}
