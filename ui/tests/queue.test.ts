// The queue's rows: which are fetched, which are kept, and where the scrollbar stands.

import { describe, expect, it } from "vitest";

import { asked, filter, params, toggled, STATES } from "../src/queue/asked.ts";
import { BLOCK, BLOCKS_MAX, Blocks } from "../src/queue/blocks.ts";
import { nearest } from "../src/queue/row.ts";
import { HEIGHT_PX_MAX, Track } from "../src/queue/track.ts";

function track(rows: number): Track {
  const made = new Track();
  made.rows = rows;
  made.view_px = 600;
  return made;
}

describe("a scrollbar", () => {
  it("of a short list is the list itself", () => {
    const short = track(100);
    short.scrolled(1234);
    expect(short.top_px).toBe(1234);
    expect(short.height_px).toBe(4000);
    expect([short.first, short.end]).toEqual([30, 46]);
    expect(short.settled()).toBe(1234);
  });

  it("of a million rows reaches all of them", () => {
    const long = track(1_000_000);
    expect(long.height_px).toBe(HEIGHT_PX_MAX);
    long.scrolled(HEIGHT_PX_MAX - 600);
    expect(long.end).toBe(1_000_000);
    long.scrolled((HEIGHT_PX_MAX - 600) / 2);
    expect(long.first).toBeCloseTo(500_000, -2);
    long.scrolled(0);
    expect(long.first).toBe(0);
  });

  it("moves by single rows where a wheel turns, and stands right after that", () => {
    const long = track(1_000_000);
    long.scrolled(6_000_000);
    const before_px = long.top_px;
    long.scrolled(6_000_100);
    expect(long.top_px).toBe(before_px + 100);
    const at_px = long.settled();
    expect(at_px / (HEIGHT_PX_MAX - 600)).toBeCloseTo(long.top_px / long.top_px_max, 9);
    expect(long.top_px).toBe(before_px + 100);
  });

  it("can be turned on to the last row, though the element has ended before", () => {
    const long = track(1_000_000);
    long.show(999_900);
    let scroll_px = long.settled();
    for (let turn = 0; turn < 60; turn += 1) {
      long.scrolled(Math.min(HEIGHT_PX_MAX - 600, scroll_px + 100));
      scroll_px = long.settled();
    }
    expect(long.end).toBe(1_000_000);
    expect(scroll_px).toBeCloseTo(HEIGHT_PX_MAX - 600, 1);
  });

  it("shows a row whole, and goes no further", () => {
    const long = track(1000);
    long.reveal(10);
    expect(long.top_px).toBe(0);
    long.reveal(15);
    expect(long.top_px).toBe(40);
    long.reveal(0);
    expect(long.top_px).toBe(0);
    long.shift(3);
    expect(long.top_px).toBe(120);
  });

  it("of a list that became shorter ends where that does", () => {
    const long = track(1000);
    long.show(900);
    long.rows = 20;
    long.settled();
    expect(long.top_px).toBe(200);
  });
});

/** Blocks of the numbers themselves, which come when `answer` is called. */
function numbers() {
  const open: { skip: number; signal: AbortSignal; answer: () => Promise<void> }[] = [];
  const came: number[] = [];
  let offset = 0;
  const blocks = new Blocks<number>(
    (skip, limit, signal) =>
      new Promise((go) => {
        const from = offset;
        const rows = () => Array.from({ length: limit }, (_, at) => skip + at + from);
        open.push({ skip, signal, answer: async () => (go(rows()), void (await new Promise((then) => setTimeout(then)))) });
      }),
    (block) => came.push(block),
    (error) => {
      throw error;
    },
  );
  return { blocks, open, came, shift: (by: number) => (offset = by) };
}

describe("blocks", () => {
  it("are fetched where rows are seen, once", async () => {
    const { blocks, open, came } = numbers();
    blocks.want(150, 205);
    blocks.want(151, 206);
    expect(open.map(({ skip }) => skip)).toEqual([100, 200]);
    for (const one of open) await one.answer();
    expect(came).toEqual([1, 2]);
    expect([blocks.at(199), blocks.at(200), blocks.at(300)]).toEqual([199, 200, undefined]);
    blocks.want(150, 205);
    expect(open.length).toBe(2);
  });

  it("that are no longer seen are let go, and what comes of them all the same is not taken", async () => {
    const { blocks, open } = numbers();
    blocks.want(0, 10);
    blocks.want(5000, 5010);
    expect(open[0]!.signal.aborted).toBe(true);
    expect(open[1]!.signal.aborted).toBe(false);
    await open[0]!.answer();
    expect(blocks.at(0)).toBeUndefined();
    expect(blocks.load).toEqual({ kept: 0, under_way: 1 });
  });

  it("are few, however far one goes; those wanted last stay", async () => {
    const { blocks, open } = numbers();
    for (let block = 0; block < 1000; block += 1) {
      blocks.want(block * BLOCK, block * BLOCK + 1);
      if (block % 10 === 0) blocks.want(0, 1);
      for (const one of open.splice(0)) await one.answer();
    }
    expect(blocks.load.kept).toBe(BLOCKS_MAX);
    expect(blocks.at(0)).toBe(0);
    expect(blocks.at(100 * BLOCK)).toBeUndefined();
  });

  it("that may be old stay on show until newer ones come, and what was not seen is forgotten", async () => {
    const { blocks, open, shift } = numbers();
    blocks.want(0, 1);
    blocks.want(100, 101);
    await open[1]!.answer();
    shift(7);
    blocks.refresh();
    expect(blocks.at(100)).toBe(100);
    await open[2]!.answer();
    expect(blocks.at(100)).toBe(107);
    expect(blocks.find((row) => row === 110)).toBe(103);
  });

  it("that were asked to be fresh while they came are fetched once more", async () => {
    const { blocks, open, shift } = numbers();
    blocks.want(0, 1);
    blocks.refresh();
    expect(open.length).toBe(1);
    await open[0]!.answer();
    expect(open.length).toBe(2);
    shift(1);
    await open[1]!.answer();
    expect(open.length).toBe(2);
  });
});

describe("what is asked for", () => {
  it("is in the address, and comes back from it", () => {
    const one = asked(new URLSearchParams("state=running,waiting,nonsense&class=fast&q=llm&sort=expected&at=7"));
    expect(one.states).toEqual(["waiting", "running"]);
    expect(asked(new URLSearchParams(params(one)))).toEqual(one);
    expect(filter(one)).toEqual({ state: ["waiting", "running"], access_class: "fast", q: "llm" });
    expect(params(asked(new URLSearchParams("sort=nonsense")))["sort"]).toBe("");
  });

  it("is everything once every state is chosen", () => {
    expect(toggled([], "running")).toEqual(["running"]);
    expect(toggled(["running"], "waiting")).toEqual(["waiting", "running"]);
    expect(toggled(["running"], "running")).toEqual([]);
    expect(toggled(STATES.slice(1), STATES[0]!)).toEqual([]);
  });

  it("of all reasons the nearest is told", () => {
    const reason = (site: string, step: "law" | "power" | "room", forever: boolean) => ({ site, step, code: "c", message: `${site} ${step}`, forever, pool: "", needed: "", actual: "", origin: "" });
    const never = [reason("fes", "room", false), reason("fes", "law", true)];
    expect(nearest([...never, reason("oslo", "power", false), reason("rabat", "room", false)])?.message).toBe("rabat room");
    expect(nearest([...never, reason("oslo", "room", false), reason("oslo", "power", false)])?.message).toBe("oslo power");
    expect(nearest(never)?.message).toBe("fes law");
    expect(nearest([])).toBeUndefined();
  });
});
