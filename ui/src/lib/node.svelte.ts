// What the page knows of the node it talks to: the token, who that is, its time, and whether it answers.

const KEY = "allod-token";

type Link = "connecting" | "live" | "down";

/** Roles as the API names them; null without a token. */
export type Role = "admin" | "operator" | "programme" | "submit" | "auditor" | "read";

class Node {
  token = $state(sessionStorage.getItem(KEY) ?? "");
  link = $state<Link>("connecting");
  /** Why a token is asked for; empty while none is needed. */
  asksForToken = $state("");
  /** Somebody did not want to give one: what the page asks by itself asks for none again. */
  #declined = false;
  name = $state<string | null>(null);
  role = $state<Role | null>(null);
  /** Last leaf that the page has heard of. */
  seq = $state(-1);
  /** The node's clock less this browser's [s]: times are told by the node's. */
  #ahead_s = $state(0);
  #tick = $state(0);
  #told = () => {};
  /** Resolves once the node has told its time; until then `now_s` is this browser's. */
  readonly clock = new Promise<void>((told) => (this.#told = told));

  constructor() {
    setInterval(() => (this.#tick += 1), 1000);
  }

  /** The node's time now; whoever reads it is drawn again each second. [epoch s] */
  get now_s(): number {
    void this.#tick;
    return Math.floor(Date.now() / 1000) + this.#ahead_s;
  }

  heard(at_s: number): void {
    this.#ahead_s = at_s - Math.floor(Date.now() / 1000);
    this.#told();
  }

  signIn(token: string): void {
    this.token = token.trim();
    this.name = this.role = null;
    sessionStorage.setItem(KEY, this.token);
    this.asksForToken = "";
    this.#declined = false;
  }

  signOut(): void {
    this.token = "";
    this.name = null;
    this.role = null;
    sessionStorage.removeItem(KEY);
  }

  /** A token is needed, or `token`, that was sent, is not good (any more). If another was given since, that
   *  is no matter. */
  refused(why: string, token: string): void {
    if (token !== this.token) return;
    // Whose it was, or is, is not known (any more).
    this.name = this.role = null;
    if (!this.#declined) this.asksForToken = why || "401";
  }

  /** No token is given now. */
  decline(): void {
    this.asksForToken = "";
    this.#declined = true;
  }

  /** Somebody wants to have something done: a token may be asked for again. */
  asking(): void {
    this.#declined = false;
  }

  /** Whether what needs `role` may be offered; the node decides all the same. */
  may(role: "admin" | "operator" | "submit"): boolean {
    const order = ["admin", "operator", "submit"];
    const own = this.role ? order.indexOf(this.role) : -1;
    return own >= 0 && own <= order.indexOf(role);
  }
}

export const node = new Node();
