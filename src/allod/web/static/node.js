// The node: asking its API, and following its log.

const KEY = "allod-token";
const SILENT_MS = 45_000; // Three heartbeats.

/** Something went wrong, in the API's own words. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.mend ? `${body.detail} (${body.mend})` : body.detail);
    this.status = status;
  }
}

export const setToken = (token) => sessionStorage.setItem(KEY, token);

function headers() {
  const token = sessionStorage.getItem(KEY);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: { ...headers(), ...options.headers } });
  if (answer.ok) return answer;
  let body;
  try {
    body = await answer.json();
  } catch {
    body = { detail: `the node answered ${answer.status}` };
  }
  throw new Problem(answer.status, body);
}

export const get = async (path) => (await ask(path)).json();

/** A part of an output: its bytes and where the next part begins; nothing if there is none yet. */
export async function output(id, stream, offset) {
  let answer;
  try {
    answer = await ask(`/v1/workloads/${encodeURIComponent(id)}/logs?stream=${stream}&offset=${offset}`);
  } catch (error) {
    if (error.status === 404) return { bytes: new Uint8Array(), next: offset };
    throw error;
  }
  return { bytes: new Uint8Array(await answer.arrayBuffer()), next: Number(answer.headers.get("Allod-Next-Offset")) };
}

/**
 * Follow the log for as long as the page is seen. `fetch` and not EventSource, because a token may
 * be needed. `on.up`, `on.down(error)`, `on.record({seq, kind, record})`. Returns what ends a pause.
 */
export function follow(on) {
  let last = null;
  let pause_ms = 500;
  let stop = null;
  let go_on = () => {};

  async function once() {
    stop = new AbortController();
    let silent = setTimeout(() => stop.abort(), SILENT_MS);
    try {
      const answer = await ask("/v1/events", { signal: stop.signal, headers: last === null ? {} : { "Last-Event-ID": last } });
      pause_ms = 500;
      on.up();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        clearTimeout(silent);
        silent = setTimeout(() => stop.abort(), SILENT_MS);
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) take(block);
      }
    } finally {
      clearTimeout(silent);
    }
  }

  function take(block) {
    for (const line of block.split("\n")) {
      if (line.startsWith("id: ")) last = line.slice(4);
      else if (line.startsWith("data: ")) on.record(JSON.parse(line.slice(6)));
    }
  }

  async function run() {
    for (;;) {
      while (document.hidden) await new Promise((go) => document.addEventListener("visibilitychange", go, { once: true }));
      let error = null;
      try {
        await once();
      } catch (caught) {
        error = caught;
      }
      if (document.hidden) continue;
      on.down(error);
      await new Promise((go) => {
        go_on = go;
        setTimeout(go, pause_ms);
      });
      pause_ms = Math.min(8000, pause_ms * 2);
    }
  }

  // A browser keeps few connections to one host: pages that nobody sees let theirs go.
  document.addEventListener("visibilitychange", () => document.hidden && stop?.abort());
  run();
  return () => go_on();
}
