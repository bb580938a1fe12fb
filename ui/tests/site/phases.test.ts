import { describe, expect, it } from "vitest";

import { acceleratorsOf, atOf, builtOver, endOf, revisionsOf, stageOf, undated, type Phase } from "../../src/site/build/phases.ts";
import { chainOf, type Party } from "../../src/site/parties.ts";
import { nested, useOf } from "../../src/site/use.ts";

const day = (text: string) => Date.parse(`${text}T00:00Z`) / 1000;
const phase = (name: string, state: string, rest: Partial<Phase> = {}): Phase => ({ name, state: { value: state }, ...rest });

describe("periods", () => {
  it.each([
    ["2026", "2026-12-31"],
    ["2026-H1", "2026-06-30"],
    ["2026-Q3", "2026-09-30"],
    ["2028-02", "2028-02-29"],
    ["2026-09-15", "2026-09-15"],
  ])("%s ends on %s", (period, last) => expect(endOf(period)).toBe(day(last)));

  it("are nothing else", () => expect(endOf("soon")).toBeNull());
});

describe("phases", () => {
  const live = phase("one", "live", { starts: { value: day("2026-01-01") }, accelerators: { a: { value: 8 }, b: { value: 8 } }, power_w: { value: 100 } });
  const granted = phase("two", "granted", { due: { value: "2027-H1" }, accelerators: { a: { value: 32 } } });
  const planned = phase("three", "announced", { due: { value: "2028" }, accelerators: { a: { value: 64 } } });
  const lost = phase("four", "announced", { withdrawn: { date: "2026-05-01", source: "a letter" }, accelerators: { a: { value: 500 } } });

  it("count as far as they have come", () => {
    expect([live, granted, planned, lost].map(stageOf)).toEqual(["live", "granted", "planned", null]);
    expect(stageOf(phase("five", "reserved", { grid: { value: "granted" } }))).toBe("granted");
    expect(acceleratorsOf(live)).toBe(16);
    expect(atOf(granted)).toBe(day("2027-06-30"));
  });

  it("add up over time, what is live in the stages before it too", () => {
    expect(builtOver([planned, live, lost, granted], "accelerators")).toEqual([
      { at_s: day("2026-01-01"), planned: 16, granted: 16, live: 16 },
      { at_s: day("2027-06-30"), planned: 48, granted: 48, live: 16 },
      { at_s: day("2028-12-31"), planned: 112, granted: 48, live: 16 },
    ]);
  });

  it("are named where no sum can hold them", () => {
    const someday = phase("six", "announced", { power_w: { value: 5 } });
    expect(undated([live, granted, someday], "power").map((one) => one.name)).toEqual(["two", "six"]);
  });

  it("keep what was said before, the latest first, and what others say", () => {
    const revised = phase("one", "reserved", {
      state: { value: "reserved", source: "B", date: "2026-02-01", earlier: [{ value: "announced", source: "A", date: "2025-07-31" }] },
      accelerators: { a: { value: 10, source: "A", others: [{ value: 7, source: "C" }] } },
    });
    expect(revisionsOf([revised, lost]).map((one) => [one.field, one.kind, one.value, one.source])).toEqual([
      ["state", "now", "reserved", "B"],
      ["state", "earlier", "announced", "A"],
      ["accelerators.a", "now", 10, "A"],
      ["accelerators.a", "other", 7, "C"],
      ["withdrawn", "now", null, "a letter"],
    ]);
  });
});

describe("chains of shares", () => {
  const parties = new Map<string, Party>([
    ["op", { title: "Op", seat: { value: "NO" }, owners: [{ party: "fund", share_bp: { value: 6000 } }, { party: "who", share_bp: {} }] }],
    ["fund", { title: "Fund", seat: { value: "GB" }, owners: [{ party: "op", share_bp: { value: 5000 } }] }],
  ]);

  it("multiply on the way, stop at circles, and leave out what is not known", () => {
    expect(chainOf("op", parties).map((one) => [one.party, one.depth, one.share_bp, one.through_bp, one.stops])).toEqual([
      ["op", 0, null, 10_000, ""],
      ["fund", 1, 6000, 6000, ""],
      ["op", 2, 5000, 3000, "circle"],
      ["who", 1, null, null, "unknown"],
    ]);
  });
});

describe("classes", () => {
  const classes = [
    { name: "home", parent: null, within_floor: 6, borrowed: 2 },
    { name: "labs", parent: "home", within_floor: 4, borrowed: 0 },
    { name: "rest", parent: null, within_floor: 0, borrowed: 3 },
  ];

  it("are counted once where they are nested", () => expect(useOf({ in_use: 11, classes })).toEqual({ own: 6, lent: 5 }));
  it("stand below those around them", () => expect(nested(classes).map((one) => one.depth)).toEqual([0, 1, 0]));
  it("are none without a charter: then all is own", () => expect(useOf({ in_use: 3, classes: [] })).toEqual({ own: 3, lent: 0 }));
});
