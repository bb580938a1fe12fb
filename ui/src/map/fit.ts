// What part of the map is shown, and where its labels go, so that no two lie on each other.

import { CLIP, project } from "./projection.ts";

export type Spot = { name: string; latitude_deg: number; longitude_deg: number };
export type Placed<T extends Spot> = T & { x: number; y: number; label: { x: number; y: number; anchor: "start" | "end" } };
export type Frame = { x: number; y: number; width: number; height: number };

const WIDTH_MIN = 260; // Of the frame, in the map's units: one site alone still shows its country.
const MARGIN = 0.22; // Of the frame, on each side.
const LETTER = 0.62; // Width of a letter, of its height.

/** The frame around all spots, of the given shape (height by width). */
export function frameOf(spots: readonly Spot[], shape: number): Frame {
  const places = spots.map((spot) => project(spot.latitude_deg, spot.longitude_deg));
  const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
  const [left, right, top, bottom] = places.length
    ? [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
    : [project(0, -12)[0], project(0, 40)[0], project(68, 0)[1], project(28, 0)[1]];
  const span = 1 + 2 * MARGIN;
  const width = Math.max(WIDTH_MIN, (right - left) * span, ((bottom - top) * span) / shape);
  const height = width * shape;
  const within = (wanted: number, size: number, low: number, high: number) =>
    Math.max(low, Math.min(wanted - size / 2, high - size));
  return {
    x: within((left + right) / 2, width, CLIP[0][0], CLIP[1][0]),
    y: within((top + bottom) / 2, height, CLIP[0][1], CLIP[1][1]),
    width,
    height,
  };
}

/** Spots on the map, northernmost first, with a place for each label beside its spot. */
export function placed<T extends Spot>(spots: readonly T[], frame: Frame, size: number): Placed<T>[] {
  const done: Placed<T>[] = [];
  const boxes: Frame[] = [];
  const sorted = [...spots].sort((one, two) => two.latitude_deg - one.latitude_deg || (one.name < two.name ? -1 : 1));
  for (const spot of sorted) {
    const [x, y] = project(spot.latitude_deg, spot.longitude_deg);
    const width = spot.name.length * size * LETTER;
    const gap = size * 0.9;
    let anchor: "start" | "end" = x + gap + width > frame.x + frame.width ? "end" : "start";
    let at = y + size / 3;
    const box = () => ({ x: anchor === "start" ? x + gap : x - gap - width, y: at - size, width, height: size * 1.15 });
    for (let tries = 0; boxes.some((other) => meet(other, box())) && tries < 12; tries += 1) {
      // The other side first, then further down, line by line.
      if (tries === 0) anchor = anchor === "start" ? "end" : "start";
      else at += size * 0.4;
    }
    boxes.push(box());
    done.push({ ...spot, x, y, label: { x: anchor === "start" ? x + gap : x - gap, y: at, anchor } });
  }
  return done;
}

/** A part of a circle, from its top clockwise, as an SVG path: dashes would not grow with the map. */
export function arc(x: number, y: number, radius: number, share: number): string {
  // A whole circle would end where it begins, and so be nothing.
  const part = Math.min(Math.max(share, 0), 0.9999);
  if (part === 0) return "";
  const angle = 2 * Math.PI * part;
  const [to_x, to_y] = [x + radius * Math.sin(angle), y - radius * Math.cos(angle)];
  return `M${x} ${y - radius}A${radius} ${radius} 0 ${part > 0.5 ? 1 : 0} 1 ${to_x} ${to_y}`;
}

const meet = (one: Frame, two: Frame) =>
  one.x < two.x + two.width && two.x < one.x + one.width && one.y < two.y + two.height && two.y < one.y + one.height;
