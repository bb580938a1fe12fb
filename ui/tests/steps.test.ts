import { expect, it } from "vitest";

import { area, line } from "../src/pages/overview/steps.ts";

const axis = { starts_s: [0, 10, 20], ends_s: 40 };
const box = { width: 40, height: 10, most: 10 };

it("draws each value until the next one begins, the last until the end", () => {
  expect(line(axis, [10, 5, 0], box)).toBe("M0 0L10 0L10 5L20 5L20 10L40 10");
});

it("leaves a gap where nothing is known", () => {
  expect(line(axis, [10, null, 5], box)).toBe("M0 0L10 0M20 5L40 5");
});

it("closes the area at the bottom, and cuts what is beyond the top", () => {
  expect(area(axis, [null, 99, null], box)).toBe("M10 10L10 0L20 0L20 10Z");
});
