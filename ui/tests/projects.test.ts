// Projects by what needs a look, and the numbers of their grants.

import { describe, expect, it } from "vitest";

import { budget, inOrder, looked, narrowed, type Grant, type Need, type Project } from "../src/project/order.ts";

const NEVER_S = 2 ** 53;
const says = { code: "grant-computed" as const, values: {} };

function grant(state: Grant["state"], more: Partial<Grant> = {}): Grant {
  return {
    mode: "own", state, starts_s: 0, ends_s: NEVER_S, given_accelerator_s: 36_000, given_standing: "declared",
    used_accelerator_s: 3600, committed_accelerator_s: 7200, left_accelerator_s: 25_200, basis: "", says, ...more,
  };
}

function project(name: string, until_s: number | null, grants: Grant[] = [grant("open")]): Project {
  const account = { given_accelerator_s: 36_000, used_accelerator_s: 0, committed_accelerator_s: 0, left_accelerator_s: 36_000, until_s: until_s ?? 0, basis: "", says };
  const work = { waiting: 0, placed: 0, running: 0, stopping: 0, waiting_accelerators: 0, held_accelerators: 0 };
  const bound = until_s !== null;
  return { kind: "Project", name, title: `The ${name}`, document: {}, seq: 0, changed_at_s: 0, actor: "", at_s: 1, rule: [], rule_says: [], rule_basis: "", bound, grants: bound ? grants : [], account: bound ? account : null, work };
}

const need = (name: string, severity: Need["severity"], kind = "Project"): Need => ({ rule: "grant-used", severity, message: "", mend: "", says, kind, name });
const names = (all: readonly { project: Project }[]) => all.map((one) => one.project.name);

describe("projects", () => {
  it("come by the worst that is wrong with them, then by their end, then by name", () => {
    const projects = [project("z-free", null), project("late", 900), project("soon", 100), project("over", 0), project("notice", 999), project("warned", 999), project("a-free", null)];
    const needs = [need("notice", "notice"), need("warned", "notice"), need("warned", "warning")];
    expect(names(looked(projects, needs))).toEqual(["warned", "notice", "over", "soon", "late", "a-free", "z-free"]);
  });

  it("whose grant is used up come before a mere notice, though the node tells nothing of it", () => {
    const projects = [project("notice", 10), project("empty", 999, [grant("used-up")])];
    expect(names(looked(projects, [need("notice", "notice")]))).toEqual(["empty", "notice"]);
  });

  it("take no need that is of a site of the same name", () => {
    expect(looked([project("narvik", 10)], [need("narvik", "critical", "Site")])[0]!.needs).toEqual([]);
  });

  it("are found by name or title", () => {
    const all = looked([project("genomes", 10), project("films", 10)], []);
    expect(names(narrowed(all, " THE FILMS "))).toEqual(["films"]);
    expect(narrowed(all, "")).toBe(all);
    expect(narrowed(all, "x")).toEqual([]);
  });
});

describe("a grant", () => {
  it("is told in accelerator-hours", () => {
    expect(budget(grant("open"))).toEqual({ given_h: 10, used_h: 1, committed_h: 2, left_h: 7 });
  });

  it("of which a part is not known has no bar", () => {
    expect(budget(grant("ended", { used_accelerator_s: null }))).toBeNull();
    expect(budget(grant("open", { left_accelerator_s: 0 }))).not.toBeNull();
  });

  it("that holds comes first, and of those that are over the latest", () => {
    const all = [grant("ended", { ends_s: 10 }), grant("to-come", { ends_s: 90 }), grant("ended", { ends_s: 20 }), grant("open", { ends_s: 50 }), grant("open", { ends_s: 40 })];
    expect(inOrder(all).map((one) => one.ends_s)).toEqual([40, 50, 90, 20, 10]);
  });
});
