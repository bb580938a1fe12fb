import { describe, expect, it } from "vitest";

import { callOf, fieldOf, freeName, inUnit, plansOf, secondsOf, type Fields } from "../../src/site/power/curtailment.ts";

const NOW_S = secondsOf("2026-11-22T17:00")!;
const FIELDS: Fields = { name: "grid", path: "site", amount: 1.5, unit_w: 1e6, from: "2026-11-22T18:00", to: "2026-11-22T20:00", reason: " peak " };

describe("the form of a call", () => {
  it("is a call in whole watts and UTC", () => {
    expect(callOf(FIELDS, NOW_S)).toEqual({ name: "grid", path: "site", power_w: 1_500_000, starts: NOW_S + 3600, ends: NOW_S + 3 * 3600, reason: "peak" });
    expect(fieldOf(NOW_S)).toBe("2026-11-22T17:00");
  });

  it.each([
    [{ amount: null }, "amount"],
    [{ amount: -1 }, "amount"],
    [{ from: "" }, "from"],
    [{ to: "later" }, "to"],
    [{ to: "2026-11-22T18:00" }, "order"],
    [{ from: "2026-11-22T15:00", to: "2026-11-22T16:00" }, "past"],
    [{ name: "Not so" }, "name"],
  ] as [Partial<Fields>, string][])("says what is wrong with %j", (change, slip) => expect(callOf({ ...FIELDS, ...change }, NOW_S)).toBe(slip));

  it("is offered a name that no other call has", () => {
    expect(freeName(NOW_S, [])).toBe("call-2026-11-22t1700");
    expect(freeName(NOW_S, ["call-2026-11-22t1700", "call-2026-11-22t1700-2"])).toBe("call-2026-11-22t1700-3");
    expect(callOf({ ...FIELDS, name: freeName(NOW_S, []) }, NOW_S)).toMatchObject({ name: "call-2026-11-22t1700" });
  });

  it("offers amounts that can be read", () => {
    expect(inUnit(27_000_000)).toEqual({ amount: 27, unit_w: 1e6 });
    expect(inUnit(900)).toEqual({ amount: 900, unit_w: 1 });
  });
});

describe("a shed plan", () => {
  const reason = (message: string) => ({ site: "s", step: "power" as const, code: "envelope-shrank", message, forever: false, pool: "", needed: "", actual: "", origin: "" });
  const plan = {
    kind: "shedplan" as const, at_s: 0, site: "s", path: "site", starts_s: 10, ends_s: 20, over_w: 500, left_w: 100,
    delayed: ["w9"], capped: [["w3", 150]] as [string, number][], reclaimed: [["w2", 250]] as [string, number][], reasons: [reason("call 'grid'")],
  };
  const reclaim = { kind: "reclaim" as const, at_s: 0, workload_id: "w2", run: 1, site: "s", pool: "p", for_workload_id: "", stop_at_s: 8, reasons: [reason("lent")] };

  it("lists who waits, who is capped, who goes, with what that wins", () => {
    const [found] = plansOf([plan, reclaim]);
    expect(found).toMatchObject({ path: "site", over_w: 500, won_w: 400, left_w: 100, reasons: [{ message: "call 'grid'" }] });
    expect(found!.steps.map((step) => [step.way, step.workload_id, step.gives_w, step.at_s])).toEqual([
      ["delayed", "w9", null, null],
      ["capped", "w3", 150, null],
      ["reclaimed", "w2", 250, 8],
    ]);
    expect(found!.steps[2]!.reasons).toMatchObject([{ message: "lent" }]);
  });

  it("is none where nothing was planned", () => expect(plansOf([reclaim])).toEqual([]));
});
