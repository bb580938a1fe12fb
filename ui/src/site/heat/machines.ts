// The machines of a pool as columns: what of each node is in use, for whom, and what is out of service.
// Where a pool models no nodes each accelerator counts as one, and who has which is not known: those
// of one workload stand together.

import { nameAt, type Hosts, hostsOf } from "./hostlist.ts";
import type { NodeMap, PoolMap } from "../shapes.ts";

/** A workload on a node. */
export type On = { id: string; access_class: string; lent: boolean; accelerators: number; in_all: number };
/** Accelerators by use. */
export type Amounts = { own: number; lent: number; free: number; out: number };

export class Machines {
  readonly nodes: number;
  readonly per_node: number;
  readonly domain: number;
  readonly own: Uint16Array;
  readonly lent: Uint16Array;
  readonly out: Uint16Array;
  /** The workload with the most of each node, by its number; -1: none. */
  readonly workload: Int32Array;
  /** Classes of those who hold room at the site; '' where it has no charter. */
  readonly classes: readonly string[];

  #hosts: Hosts;
  #shared = new Map<number, [accelerators: number, workload: number][]>();

  constructor(
    readonly map: NodeMap,
    readonly pool: PoolMap,
  ) {
    const index = map.pools.indexOf(pool);
    this.classes = [...new Set(map.kinds.map((kind) => kind.access_class))];
    this.nodes = pool.by_node ? pool.nodes_total : pool.accelerators_total;
    this.per_node = pool.by_node ? pool.accelerators_per_node : 1;
    this.domain = pool.by_node ? pool.nodes_per_nvlink_domain : 1;
    this.own = new Uint16Array(this.nodes);
    this.lent = new Uint16Array(this.nodes);
    this.out = new Uint16Array(this.nodes);
    this.workload = new Int32Array(this.nodes).fill(-1);
    this.#hosts = hostsOf(pool.by_node ? pool.node_names : "");
    for (const [of, node, accelerators, workload] of map.shared ?? []) {
      if (of !== index) continue;
      const there = this.#shared.get(node);
      if (there) there.push([accelerators, workload]);
      else this.#shared.set(node, [[accelerators, workload]]);
    }
    if (pool.by_node) this.#fillNodes();
    else this.#fillUnits();
  }

  #fillNodes(): void {
    const { in_use, workload, out } = this.pool;
    for (let x = 0; x < this.nodes; x++) {
      const used = in_use[x]!;
      this.workload[x] = workload[x]!;
      if (used > 0) this.#part(workload[x]!)[x] = used;
    }
    for (const [x, there] of this.#shared) {
      this.own[x] = this.lent[x] = 0;
      for (const [accelerators, one] of there) this.#part(one)[x]! += accelerators;
    }
    for (const [x, accelerators] of out) if (x < this.nodes) this.out[x] = accelerators;
  }

  #fillUnits(): void {
    let x = 0;
    for (const [one, accelerators] of this.pool.held) {
      const end = Math.min(this.nodes, x + accelerators);
      this.#part(one).fill(1, x, end);
      this.workload.fill(one, x, end);
      x = end;
    }
    const out = this.pool.out.reduce((sum, [, accelerators]) => sum + accelerators, 0);
    this.out.fill(1, Math.max(x, this.nodes - out), this.nodes);
  }

  /** What `count` nodes from `first` on come to. */
  amounts(first = 0, count = this.nodes): Amounts {
    return this.count(first, count, { own: 0, lent: 0, free: 0, out: 0 });
  }

  /** The same, written over `found`: whoever draws asks it of each cell. */
  count(first: number, count: number, found: Amounts): Amounts {
    found.own = found.lent = found.out = 0;
    const end = Math.min(this.nodes, first + count);
    for (let x = first; x < end; x++) {
      found.own += this.own[x]!;
      found.lent += this.lent[x]!;
      // Work may still run on a node that was taken out of service under it.
      found.out += Math.min(this.out[x]!, this.per_node - this.own[x]! - this.lent[x]!);
    }
    found.free = Math.max(0, (end - first) * this.per_node - found.own - found.lent - found.out);
    return found;
  }

  /** Who is on node `x`. */
  on(x: number): On[] {
    const shared = this.#shared.get(x);
    if (shared) return shared.map(([accelerators, workload]) => this.#one(workload, accelerators));
    const workload = this.workload[x] ?? -1;
    return workload < 0 ? [] : [this.#one(workload, this.own[x]! + this.lent[x]!)];
  }

  /** Workloads on `count` nodes from `first` on, those with the most there first. */
  among(first: number, count: number): On[] {
    const found = new Map<string, On>();
    for (let x = first; x < Math.min(this.nodes, first + count); x++) {
      for (const one of this.on(x)) {
        const known = found.get(one.id);
        if (known) known.accelerators += one.accelerators;
        else found.set(one.id, one);
      }
    }
    return [...found.values()].sort((one, other) => other.accelerators - one.accelerators);
  }

  #one(workload: number, accelerators: number): On {
    const { ids, accelerators: all } = this.map.workloads;
    const { access_class, lent } = this.#kind(workload);
    return { id: ids[workload]!, access_class, lent, accelerators, in_all: all[workload]! };
  }

  #kind(workload: number): NodeMap["kinds"][number] {
    return this.map.kinds[this.map.workloads.kinds[workload]!]!;
  }

  /** The column in which what `workload` has is counted. */
  #part(workload: number): Uint16Array {
    return this.#kind(workload).lent ? this.lent : this.own;
  }

  /** The class of workload number `one`, as an index into `classes`. */
  classOf(one: number): number {
    return this.classes.indexOf(this.#kind(one).access_class);
  }

  /** Whether workload number `one` is on node `x`. */
  holds(x: number, one: number): boolean {
    if (this.workload[x] === one) return true;
    return this.#shared.get(x)?.some(([, workload]) => workload === one) ?? false;
  }

  /** What the cluster calls node `x`; '' if it does not say. */
  nameOf(x: number): string {
    return nameAt(this.#hosts, x);
  }
}
