// Replays: what is asked, figures in groups and their differences, series as lines, which two are chosen.

import { describe, expect, it } from "vitest";

import { change, differing, headlines, table, way, written, type Compared, type Figure } from "../src/replay/figures.ts";
import { bySite, extent, points, sideBySide, sites } from "../src/replay/lines.ts";
import { chosen, pair, share, type Replay } from "../src/replay/runs.ts";
import { EMPTY, inLine, LOG, portions, request, spoiled, textOf } from "../src/replay/wanted.ts";

const figure = (name: string, value: number | null, more: Partial<Figure> = {}): Figure => ({ name, scope: "site", site: "narvik", of: "", value, unit: "1", basis: `of ${name}`, ...more });
const compared = (name: string, a: number | null, b: number | null, unit = "1"): Compared => ({ name, scope: "all", site: "", of: "", unit, basis: "", a, b, difference: a === null || b === null ? null : b - a });

describe("figures", () => {
  it("are written with their units", () => {
    expect(written({ name: "wait_p95_s", unit: "s" }, 90_000)).toBe("1 d 1 h");
    expect(written({ name: "power_headroom_least_w", unit: "W" }, -2_250_000)).toBe("-2.25 MW");
    expect(written({ name: "utilisation", unit: "1" }, 0.7048)).toBe("70.48 %");
    expect(written({ name: "slowdown_p95", unit: "1" }, 1.236)).toBe("1.24");
    expect(written({ name: "placed", unit: "1" }, 2564)).toBe("2,564");
    expect(written({ name: "accelerator_h", unit: "accelerator-h" }, 67.84)).toBe("67.8 accelerator\u2011h");
    expect(written({ name: "placed", unit: "1" }, null)).toBe("–");
  });

  it("form a table of one scope, without rows and columns of which nothing is known", () => {
    const all = [
      figure("placed", 5, { scope: "all", site: "" }),
      figure("placed", 3), figure("energy_wh", null),
      figure("placed", null, { site: "cambrai" }), figure("energy_wh", null, { site: "cambrai" }),
      figure("placed", 2, { site: "nouaceur" }), figure("reclaims", 0, { site: "nouaceur" }),
    ];
    const made = table(all, "site", (one) => one.value !== null);
    expect(made.columns.map((one) => one.name)).toEqual(["placed", "reclaims"]);
    expect(made.rows.map((row) => [row.site, ...row.cells.map((one) => one?.value)])).toEqual([["narvik", 3, undefined], ["nouaceur", 2, 0]]);
  });

  it("keep classes of the same name at two sites apart", () => {
    const made = table([figure("placed", 1, { scope: "class", of: "own" }), figure("placed", 2, { scope: "class", of: "own", site: "cambrai" })], "class", () => true);
    expect(made.rows.map((row) => row.site)).toEqual(["narvik", "cambrai"]);
  });

  it("of all are told in one order", () => {
    expect(headlines([figure("utilisation", 1, { scope: "all" }), figure("utilisation", 1), figure("placed", 1, { scope: "all" })]).map((one) => one.name)).toEqual(["placed", "utilisation"]);
  });
});

describe("a difference", () => {
  it("has a sign, a unit and its share of what was", () => {
    expect(change(compared("wait_mean_s", 7200, 3600, "s"))).toBe("−1 h (−50 %)");
    expect(change(compared("placed", 0, 4))).toBe("+4");
    expect(change(compared("utilisation", 0.5, 0.75))).toBe("+25 percentage points");
    expect(change(compared("placed", 4, 4))).toBe("=");
    expect(change(compared("placed", null, 4))).toBe("");
  });

  it("is better or worse only where that can be said", () => {
    expect(way(compared("wait_mean_s", 2, 1))).toBe("better");
    expect(way(compared("utilisation", 2, 1))).toBe("worse");
    expect(way(compared("floors_broken", 0, 1))).toBe("worse");
    expect(way(compared("energy_wh", 2, 1))).toBe("other");
    expect(way(compared("placed", 2, 2))).toBe("same");
    expect(way(compared("placed", 2, null))).toBe("other");
  });

  it("that is none is left out unless all are asked for; what only one has is not", () => {
    const all = [compared("placed", 1, 1), compared("refused", null, null), compared("runs", 1, null), compared("reclaims", 1, 2)];
    expect(differing(all, true).map((one) => one.name)).toEqual(["runs", "reclaims"]);
    expect(differing(all, false)).toBe(all);
  });
});

describe("series", () => {
  const one = (site: string, name: "power" | "utilisation" = "power") => ({ name, site, unit: "W", basis: "", start_s: 100, step_s: 10, values: [1, null, 3] });

  it("are a line for each site; of many that which is asked for", () => {
    const few = bySite([one("b"), one(""), one("a"), one("a", "utilisation")], "power", "", "All");
    expect(few.map((line) => [line.label, line.shade])).toEqual([["All", "text"], ["a", "class-1"], ["b", "class-2"]]);
    expect(bySite([one("b"), one(""), one("a")], "power", "b", "All").map((line) => line.label)).toEqual(["b"]);
    const many = [one(""), ..."abcdefghi".split("").map((site) => one(site))];
    expect(bySite(many, "power", "", "All").map((line) => line.label)).toEqual(["All"]);
    expect(sites(many, "power").slice(0, 2)).toEqual(["", "a"]);
  });

  it("are drawn to the end of their last step, with gaps where nothing is known", () => {
    expect(points(one(""))).toEqual([[100_000, 1], [110_000, null], [120_000, 3], [130_000, 3]]);
    expect(extent([one(""), { ...one(""), start_s: 50, values: [1] }])).toEqual([50, 130]);
  });

  it("of two replays keep their own steps", () => {
    const both = [{ name: "power", site: "", unit: "W", basis: "", a: { start_s: 0, step_s: 5, values: [1] }, b: null }];
    expect(sideBySide(both, "power", "", ["A", "B"]).map((line) => [line.label, line.step_s])).toEqual([["A", 5]]);
    expect(sideBySide(both, "power", "x", ["A", "B"])).toEqual([]);
  });
});

describe("what is asked", () => {
  const changes = { "Charter/narvik": "apiVersion: allod/v1\nkind: Charter\nmetadata: {name: narvik}\nspec: {site: narvik}\n", "Site/cambrai": null };

  it("has the documents that were changed, and those that are left out", () => {
    const made = request({ ...EMPTY, trace: LOG, name: " wider ", policy: "easy", to: "2d" }, changes, false);
    expect(made).toEqual({
      trace: "log", name: "wider", documents: [{ apiVersion: "allod/v1", kind: "Charter", metadata: { name: "narvik" }, spec: { site: "narvik" } }],
      without: ["Site/cambrai"], seed: 0, strict: false, policy: "easy", to: "2d",
    });
  });

  it("has the seed as it was written", () => {
    const seeds = ["", "7", "9007199254740993", "x"].map((seed) => request({ ...EMPTY, seed }, {}, false).seed);
    expect(seeds).toEqual([0, 7, "9007199254740993", "x"]);
  });

  it("says whose the jobs are only where nothing else does", () => {
    const form = { ...EMPTY, trace: "trace-1", weights: { health: "2", films: "0", ships: "", genes: "1.5" } };
    expect(portions(form.weights)).toEqual([{ project: "health", weight: 2 }]);
    expect(request(form, {}, true).mapping).toEqual({ by: "user", portions: [{ project: "health", weight: 2 }] });
    expect(request(form, {}, false).mapping).toBeUndefined();
  });

  it("is not sent with a text that is no document", () => {
    expect(spoiled({ ...changes, "Site/x": "a: [" })).toEqual(["Site/x"]);
  });

  it("shows documents as text, and values in a line", () => {
    expect(textOf({ kind: "Site", spec: { notes: [] } })).toBe("kind: Site\nspec:\n  notes: []\n");
    expect([inLine(null), inLine("NO"), inLine(4), inLine({ a: [1] })]).toEqual(["–", "NO", "4", "{ a: [ 1 ] }"]);
  });
});

describe("two replays", () => {
  it("are chosen by clicks, the latest two", () => {
    expect(chosen(chosen(chosen([], "a"), "b"), "c")).toEqual(["b", "c"]);
    expect(chosen(["a", "b"], "a")).toEqual(["b"]);
  });

  it("are read from an address", () => {
    expect(pair("a,b")).toEqual(["a", "b"]);
    expect([pair(null), pair("a"), pair("a,"), pair("a,b,c")]).toEqual([null, null, null, null]);
  });
});

describe("progress", () => {
  const at = (progress: Partial<NonNullable<Replay["progress"]>> | null) => share({ progress: progress && { phase: "deciding", jobs: 0, ...progress } } as Replay);

  it("is a share only where that is counted", () => {
    expect(at({ permille: 250 })).toBe(0.25);
    expect(at({ jobs: 1, jobs_total: 4 })).toBe(0.25);
    expect(at({ jobs: 9 })).toBeNull();
    expect(at({ permille: 0, jobs: 3, jobs_total: 4 })).toBe(0);
    expect(at(null)).toBeNull();
  });
});
