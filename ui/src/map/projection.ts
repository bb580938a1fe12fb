// The map's projection: Mercator, in units of which Europe, the Middle East and Africa fill 1000.
// Shared with `land.ts`, which draws the outlines when the pages are built.

export const SCALE = 520;
export const TRANSLATE: [number, number] = [400, 900];
/** What of the world the map holds: left, top and right, bottom. */
export const CLIP: [[number, number], [number, number]] = [
  [-200, -400],
  [1400, 1400],
];

const RADIANS = Math.PI / 180;

/** Where a place lies on the map; the same formula as d3's `geoMercator`. */
export function project(latitude_deg: number, longitude_deg: number): [number, number] {
  const x = longitude_deg * RADIANS;
  const y = Math.log(Math.tan(Math.PI / 4 + (latitude_deg * RADIANS) / 2));
  return [TRANSLATE[0] + SCALE * x, TRANSLATE[1] - SCALE * y];
}
