// Where the page is: `#/queue?state=waiting` is the page `queue` with one parameter. All that is chosen
// is in the address, so that it can be sent to somebody.

export type Params = Record<string, string>;

class Route {
  #hash = $state(location.hash);

  constructor() {
    addEventListener("hashchange", () => (this.#hash = location.hash));
  }

  /** Path parts: `["site", "narvik"]`; at least one. */
  get parts(): [string, ...string[]] {
    const path = this.#hash.replace(/^#\/?/, "").split("?")[0] ?? "";
    const [first, ...rest] = path.split("/").map(decoded);
    return [first || "overview", ...rest];
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.#hash.split("?")[1] ?? "");
  }

  /** Change parameters of the address in place; an empty value takes one away. */
  set(change: Params): void {
    const query = this.query;
    for (const [key, value] of Object.entries(change)) {
      if (value) query.set(key, value);
      else query.delete(key);
    }
    history.replaceState(null, "", href(this.parts, Object.fromEntries(query)));
    this.#hash = location.hash;
  }
}

const decoded = (part: string) => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

/** The address of a page: `href(["site", name], {tab: "power"})`. */
export function href(parts: readonly string[], query: Params = {}): string {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${asked ? `?${asked}` : ""}`;
}

export const route = new Route();
