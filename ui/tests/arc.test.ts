import { expect, it } from "vitest";

import { arc } from "../src/map/fit.ts";

const end = (path: string) => path.split(" ").slice(-2).map(Number);

it("draws a share of a circle, clockwise from its top", () => {
  expect(arc(0, 0, 10, 0)).toBe("");
  const [x, y] = end(arc(0, 0, 10, 0.25));
  expect(x).toBeCloseTo(10);
  expect(y).toBeCloseTo(0);
  // More than half goes the long way round.
  expect(arc(0, 0, 10, 0.75)).toContain(" 0 1 1 ");
  expect(arc(0, 0, 10, 0.25)).toContain(" 0 0 1 ");
});

it("is nearly closed where all is used, or more than that", () => {
  const [x, y] = end(arc(0, 0, 10, 1.2));
  expect(x).toBeCloseTo(0, 1);
  expect(y).toBeCloseTo(-10, 1);
});
