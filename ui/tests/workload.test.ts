// The page of a workload: its life, what to do next, and what it wrote.

import { describe, expect, it } from "vitest";

import type { Shape } from "../src/api/client.ts";
import { advice, fewer } from "../src/workload/next.ts";
import { Output, size, WINDOW } from "../src/workload/output.ts";
import { life, lifeOf, type Decided, type Happened } from "../src/workload/story.ts";

const event = (seq: number, kind: string, more: Partial<Happened["record"]> = {}): Happened => ({ seq, kind: `event/${kind}`, record: { at_s: 100 + seq, ...more } });
const decision = (seq: number, kind: string, more: object = {}): Decided => ({ seq, kind, at_s: 100 + seq, workload_id: "w1", reasons: [], ...more }) as unknown as Decided;

describe("a life", () => {
  it("is told in order, from the asking to the end, over two runs", () => {
    const points = life(
      [
        event(1, "WorkloadSubmitted", { actor: "ada" }),
        event(4, "WorkloadStarted", { run: 1 }),
        event(8, "WorkloadEnded", { run: 1, outcome: "reclaimed" }),
        event(10, "WorkloadStarted", { run: 2 }),
        event(12, "PowerLimitReported", { run: 2, state: "set", limit_w: 500 }),
        event(14, "WorkloadEnded", { run: 2, outcome: "failed", exit_status: 3, detail: "out of memory" }),
      ],
      [
        decision(2, "hold", { reasons: [{ message: "no room" }] }),
        decision(3, "placement", { run: 1, lent: true, site: "narvik", pool: "b300" }),
        decision(7, "reclaim", { run: 1, for_workload_id: "w9", stop_at_s: 400 }),
        decision(9, "placement", { run: 2, lent: false }),
        decision(11, "powercap", { run: 2, limit_w: 500, ends_s: 900 }),
        decision(13, "poweruncap", { run: 2, limit_w: 700 }),
      ],
    );
    expect(points.map(({ what }) => what)).toEqual(
      ["submitted", "held", "lent", "started", "reclaimed", "ended", "placed", "started", "capped", "uncapped", "ended"],
    );
    expect(points[0]!.values.actor).toBe("ada");
    expect(points[4]!.values).toEqual({ by: "w9", until_s: 400 });
    expect(points.at(-1)).toMatchObject({ tone: "bad", words: "out of memory", values: { outcome: "failed", exit_status: 3 } });
  });

  it("has one wait, however often it was looked at: since the first, for what the last says", () => {
    const holds = [5, 6, 7].map((seq) => decision(seq, "hold", { reasons: [{ message: `reason ${seq}` }] }));
    const [, held, ...rest] = life([event(1, "WorkloadSubmitted")], holds);
    expect(held).toMatchObject({ at_s: 105, reason: { message: "reason 7" } });
    expect(rest).toEqual([]);
  });

  it("taken back for power is another thing than for somebody", () => {
    const [point] = life([], [decision(1, "reclaim", { for_workload_id: "", stop_at_s: 9 })]);
    expect(point!.what).toBe("curtailed");
  });

  it("whose events lie too far back is told by what the node knows", () => {
    const work = { seq: 1, submitted_at_s: 10, started_at_s: 20, ended_at_s: 30, outcome: "completed", exit_status: 0, run: 1, actor: "ada", detail: "" };
    expect(lifeOf(work as never, []).map(({ what }) => what)).toEqual(["submitted", "started", "ended"]);
  });
});

type SiteAnswer = Shape<"SiteAnswer">;

describe("what to do next", () => {
  const site = (name: string, changes: SiteAnswer["changes"], expected_at_s: number | null = null) => ({ site: name, blockers: [], spoke_for: [], change: "", changes, expected_at_s, basis: "b", rests_on: [] });
  const ask = (accelerators: number, code: "fewer" | "fewer-or-wait" = "fewer") => ({ code, values: { accelerators } });
  const shorter = { code: "shorter-wall-time" as const, values: {} };
  const work = { id: "w1", accelerators: 16, lent: false, run: 0, spec: {} };

  it("is to wait where that helps, or to ask for as many as there are", () => {
    const sites = [site("a", [ask(4)]), site("b", [ask(8)]), site("c", [], 500), site("d", [], 400)];
    expect(advice({ ...work, state: "waiting" }, sites)).toEqual([
      { what: "wait", at_s: 400, site: "d", basis: "b", rests_on: [] },
      { what: "fewer", accelerators: 8, site: "b" },
    ]);
  });

  it("is to ask for what is live where more comes only later, unless law or class forbids", () => {
    const short = { site: "a", step: "hardware" as const, code: "not-live-yet", message: "", forever: false, pool: "p", needed: "16", actual: "8", origin: "" };
    const later = { ...site("a", [{ code: "wait-for-phase", values: { at: "2030-01-01T00:00:00Z" } }], 400), blockers: [short] };
    expect(advice({ ...work, state: "waiting" }, [later]).slice(1)).toEqual([{ what: "fewer", accelerators: 8, site: "a" }]);
    const never = { ...later, blockers: [{ ...short, step: "law" as const, code: "law", forever: true }, short] };
    expect(advice({ ...work, state: "waiting" }, [never]).map(({ what }) => what)).toEqual(["wait"]);
  });

  it("is to change it where nothing helps", () => {
    expect(advice({ ...work, state: "refused" }, [site("a", [{ code: "name-site", values: {} }])])).toEqual([{ what: "elsewhere" }]);
  });

  it("is to look at the output of one that failed, and to ask again", () => {
    expect(advice({ ...work, state: "failed", run: 1 }, []).map(({ what }) => what)).toEqual(["output", "again"]);
    expect(advice({ ...work, state: "completed", run: 1 }, []).map(({ what }) => what)).toEqual(["again"]);
    expect(advice({ ...work, state: "running", run: 1, lent: true }, [])).toEqual([{ what: "lent" }]);
  });

  it("is for a replica to look at its service, which nobody submits", () => {
    const replica = { ...work, spec: { replica_of: { service: "chat", port: 21000 } } };
    const all = (state: "failed" | "waiting" | "running", sites: SiteAnswer[] = []) => advice({ ...replica, state, run: 1 }, sites);
    expect(all("failed")).toEqual([{ what: "output" }, { what: "service", service: "chat" }]);
    expect(all("waiting", [site("a", [ask(4)], 400)]).map(({ what }) => what)).toEqual(["wait", "service"]);
    expect(all("running")).toEqual([{ what: "service", service: "chat" }]);
  });

  it("asks for fewer where that is all that is in the way", () => {
    expect(fewer([ask(1024, "fewer-or-wait"), ask(2048)])).toBe(1024);
    expect(fewer([shorter])).toBeNull();
    // Another change would be needed too.
    expect(fewer([ask(8), shorter])).toBeNull();
    expect(fewer([])).toBeNull();
  });
});

describe("output", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  /** What is shown of `text` when it comes in parts of `length` bytes. */
  function inParts(text: string, length: number): string {
    const output = new Output();
    const all = bytes(text);
    for (let at = 0; at < all.length; at += length) output.add(all.subarray(at, at + length));
    output.end();
    return output.text;
  }
  const COLOURED = "\u001b[1;32mgreen\u001b[0m é😀 \u001b]8;;http://x\u0007link\u001b]8;;\u001b\\ \u001b(Bend\r\nbar 10 %\rbar 99 %\rdone\nbell\u0007\n";

  it.each([1, 2, 3, 7, 1000])("has no signs for terminals, whether it comes in parts of %i bytes", (length) => {
    expect(inParts(COLOURED, length)).toBe("green é😀 link end\ndone\nbell\n");
  });

  it("is its last megabyte, from the beginning of a line on", () => {
    const output = new Output();
    for (let line = 0; line < 200_000; line += 1) output.add(bytes(`line ${line}\n`));
    expect(output.text.length).toBeLessThanOrEqual(WINDOW);
    expect(/^line \d+\n/.test(output.text)).toBe(true);
    expect(output.text.endsWith("line 199999\n")).toBe(true);
    expect(output.cut).toBe(true);
  });

  it("that ends within an escape shows none of it, and markup is text", () => {
    expect(inParts("done\u001b[3", 100)).toBe("done");
    expect(inParts("<script>", 100)).toBe("<script>");
  });

  it.each([0, 1, 5, 1023, 1024, 1_000_003])("of %i bytes more than are known is measured in few questions", async (more) => {
    let asked = 0;
    const found = await size(1024, async (from) => {
      asked += 1;
      return from < 1024 + more;
    });
    expect(found).toBe(1024 + more);
    expect(asked).toBeLessThan(45);
  });
});
