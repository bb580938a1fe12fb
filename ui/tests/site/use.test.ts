import { describe, expect, it } from "vitest";

import { brokenOf } from "../../src/site/use.ts";

const classes = (...broken: string[]) =>
  [["all", null], ["public", "all"], ["research", "all"], ["teaching", null]].map(([name, parent]) => ({
    name: name!,
    parent: parent ?? null,
    floor_kept: !broken.includes(name!),
  }));
const names = (...broken: string[]) => brokenOf(classes(...broken)).map((one) => one.name);

describe("classes whose floor is broken", () => {
  it("are told by the innermost", () => {
    expect(names("all", "research")).toEqual(["research"]);
    expect(names("all", "public", "research", "teaching")).toEqual(["public", "research", "teaching"]);
    expect(names()).toEqual([]);
  });

  it("are told where the work is of a class that has others inside", () => {
    expect(names("all")).toEqual(["all"]);
  });

  it("are not told where nobody keeps account", () => {
    expect(brokenOf([{ name: "all", parent: null, floor_kept: null }])).toEqual([]);
  });
});
