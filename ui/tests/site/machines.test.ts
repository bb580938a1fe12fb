import { describe, expect, it } from "vitest";

import { hostsOf, nameAt } from "../../src/site/heat/hostlist.ts";
import { Machines } from "../../src/site/heat/machines.ts";
import type { NodeMap, PoolMap } from "../../src/site/shapes.ts";

const POOL: PoolMap = {
  name: "gpu",
  accelerator: "h100",
  hall: null,
  by_node: true,
  accelerators_per_node: 8,
  nodes_per_nvlink_domain: 2,
  nodes_total: 4,
  accelerators_total: 32,
  node_names: "n[01-04]",
  in_use: [8, 6, 0, 2],
  workload: [0, 1, -1, 1],
  workloads_on: [1, 2, 0, 1],
  out: [[2, 8]],
  held: [],
  why: [],
};
const MAP: NodeMap = {
  site: "narvik",
  at_s: 0,
  workloads_total: 3,
  kinds: [
    { access_class: "own", lent: false },
    { access_class: "surplus", lent: true },
  ],
  workloads: { ids: ["w1", "w2", "w3"], kinds: [0, 1, 0], accelerators: [8, 6, 2] },
  pools: [POOL],
  shared: [
    [0, 1, 4, 1],
    [0, 1, 2, 2],
  ],
};
const made = (pool: Partial<PoolMap>, map: Partial<NodeMap> = {}) => {
  const whole = { ...POOL, ...pool };
  return new Machines({ ...MAP, ...map, pools: [whole] }, whole);
};

describe("machines of a pool", () => {
  it("parts what a node shares by whose it is", () => {
    const machines = made({});
    expect(machines.amounts(1, 1)).toEqual({ own: 2, lent: 4, free: 2, out: 0 });
    expect(machines.on(1).map((one) => [one.id, one.accelerators, one.lent])).toEqual([
      ["w2", 4, true],
      ["w3", 2, false],
    ]);
    expect(machines.holds(1, 2)).toBe(true);
    expect(machines.holds(0, 2)).toBe(false);
  });

  it("adds up to all that is live", () => {
    expect(made({}).amounts()).toEqual({ own: 10, lent: 6, free: 8, out: 8 });
  });

  it("counts no accelerator twice where work runs on a node that is taken out", () => {
    expect(made({ out: [[0, 8]] }).amounts(0, 1)).toEqual({ own: 8, lent: 0, free: 0, out: 0 });
  });

  it("joins the workloads of several nodes, the largest first", () => {
    const among = made({}).among(0, 4);
    expect(among.map((one) => [one.id, one.accelerators])).toEqual([
      ["w1", 8],
      ["w2", 6],
      ["w3", 2],
    ]);
  });

  it("decodes runs where no nodes are modelled", () => {
    const machines = made(
      { by_node: false, accelerators_per_node: 1, nodes_total: 0, accelerators_total: 10, in_use: [], workload: [], workloads_on: [], out: [[0, 2]], held: [[0, 3], [1, 4]] },
      { shared: [] },
    );
    expect(machines.nodes).toBe(10);
    expect([...machines.workload]).toEqual([0, 0, 0, 1, 1, 1, 1, -1, -1, -1]);
    expect(machines.amounts()).toEqual({ own: 3, lent: 4, free: 1, out: 2 });
    expect(machines.nameOf(0)).toBe("");
  });

  it("knows nodes by the names that the cluster has", () => {
    expect(made({}).nameOf(3)).toBe("n04");
  });
});

describe("hostlists", () => {
  const names = (list: string, count: number) => Array.from({ length: count }, (_, i) => nameAt(hostsOf(list), i));

  it("keep zeros, single numbers, ends and plain names", () => {
    expect(names("a[08-10,3]-x,login,b2", 7)).toEqual(["a08-x", "a09-x", "a10-x", "a3-x", "login", "b2", ""]);
  });

  it("are left out where they are not understood", () => {
    expect(hostsOf("r[1-2]n[1-4]")).toEqual([]);
    expect(hostsOf("n[4-2]")).toEqual([]);
  });
});
