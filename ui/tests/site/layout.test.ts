import { describe, expect, it } from "vitest";

import { between, cellAt, laid, moved, place } from "../../src/site/heat/layout.ts";

const CASES: [nodes: number, domain: number, width: number, zoom: number][] = [
  [1, 1, 900, 0],
  [4, 2, 900, 0],
  [400, 18, 640, 0],
  [12_500, 9, 960, 0],
  [12_500, 1, 300, 3],
  [100_000, 1, 960, 0],
  [99_991, 18, 320, 0],
];

describe("the layout of a heat map", () => {
  it.each(CASES)("finds each of %i nodes in domains of %i on %i px, zoom %i", (nodes, domain, width, zoom) => {
    const layout = laid(nodes, domain, width, 460, zoom);
    const step = Math.max(1, Math.floor(layout.cells / 997));
    for (let cell = 0; cell < layout.cells; cell += step) {
      const { x, y } = place(layout, cell);
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + layout.size).toBeLessThanOrEqual(width);
      expect(y + layout.size).toBeLessThanOrEqual(layout.height);
      expect(cellAt(layout, x, y)).toBe(cell);
      expect(cellAt(layout, x + layout.size - 0.5, y + layout.size - 0.5)).toBe(cell);
    }
    expect(layout.height).toBeLessThanOrEqual(460 * 2 ** zoom);
  });

  it("gives each node a cell while cells can be seen, then each domain", () => {
    expect(laid(12_500, 9, 960, 460).per).toBe(1);
    expect(laid(100_000, 18, 960, 460).per).toBe(18);
    expect(laid(100_000, 18, 960, 460, 5).per).toBe(1);
    expect(laid(100_000, 1, 960, 460).per).toBeGreaterThan(1);
  });

  it("has no cell between blocks, beyond the last one and outside", () => {
    const layout = laid(8, 4, 200, 460);
    expect(layout.across).toBe(2);
    expect(cellAt(layout, layout.across * layout.size + 1, 2)).toBe(-1);
    const last = place(layout, 7);
    expect(cellAt(layout, last.x + layout.pitch_x, last.y)).toBe(-1);
    expect(cellAt(layout, -1, 3)).toBe(-1);
    expect(cellAt(layout, 3, layout.height + 3)).toBe(-1);
    const odd = laid(5, 4, 200, 460);
    expect(odd.cells).toBe(5);
    expect(cellAt(odd, place(odd, 4).x + odd.size + 1, place(odd, 4).y + 1)).toBe(-1);
  });

  it("draws what is in view, and no row less", () => {
    const layout = laid(12_500, 1, 300, 460, 4);
    const [first, end] = between(layout, 500, 960);
    for (let cell = 0; cell < layout.cells; cell++) {
      const { y } = place(layout, cell);
      if (y + layout.size > 500 && y < 960) expect(cell >= first && cell < end).toBe(true);
    }
    expect(end - first).toBeLessThan(layout.cells / 2);
  });

  it("moves by keys across blocks and stops at the edges", () => {
    const layout = laid(36, 18, 130, 460);
    for (let cell = 0; cell < layout.cells; cell++) {
      const below = moved(layout, cell, "ArrowDown")!;
      if (below !== cell) {
        expect(place(layout, below).x).toBe(place(layout, cell).x);
        expect(moved(layout, below, "ArrowUp")).toBe(cell);
      }
    }
    expect(moved(layout, 0, "ArrowLeft")).toBe(0);
    expect(moved(layout, 0, "ArrowUp")).toBe(0);
    expect(moved(layout, 3, "End")).toBe(35);
    expect(moved(layout, 35, "ArrowRight")).toBe(35);
    expect(moved(layout, 35, "Home")).toBe(0);
    expect(moved(layout, 3, "x")).toBeNull();
  });
});
