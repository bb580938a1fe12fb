// A file on its way to the node, with how much of it is sent: `fetch` does not tell that.

import { Problem, type Shape } from "../api/client.ts";
import { node } from "../lib/node.svelte.ts";

export type Upload = { done: Promise<Shape<"TraceView">>; stop: () => void };

/** Sends `file`; `told` hears the share that is sent, from 0 to 1. */
export function upload(file: File, told: (share: number) => void): Upload {
  const ask = new XMLHttpRequest();
  const token = node.token;
  const done = new Promise<Shape<"TraceView">>((keep, refuse) => {
    ask.open("POST", `/v1/traces?name=${encodeURIComponent(file.name)}`);
    ask.responseType = "json";
    ask.setRequestHeader("Content-Type", "application/octet-stream");
    if (token) ask.setRequestHeader("Authorization", `Bearer ${token}`);
    ask.upload.onprogress = (event) => event.lengthComputable && told(event.loaded / event.total);
    ask.onload = () => {
      if (ask.status === 201) return keep(ask.response as Shape<"TraceView">);
      const problem = Problem.of(ask.status, ask.response);
      if (problem.status === 401) node.refused(problem.detail, token);
      refuse(problem);
    };
    ask.onerror = () => refuse(new Problem(0, "no answer"));
    ask.onabort = () => refuse(new DOMException("stopped", "AbortError"));
    ask.send(file);
  });
  return { done, stop: () => ask.abort() };
}
