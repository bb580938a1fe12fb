// Series of steps as SVG paths: value `i` holds from `starts_s[i]` until the next one begins.

export type Axis = { starts_s: readonly number[]; ends_s: number };
export type Box = { width: number; height: number; most: number };

/** The line of a series of steps; a gap where a value is null. */
export function line(axis: Axis, values: readonly (number | null)[], box: Box): string {
  return pieces(axis, values, box)
    .map((points) => `M${points.map(([x, y]) => `${round(x)} ${round(y)}`).join("L")}`)
    .join("");
}

/** The area under it. */
export function area(axis: Axis, values: readonly (number | null)[], box: Box): string {
  return pieces(axis, values, box)
    .map((points) => {
      const [first, last] = [points[0]!, points.at(-1)!];
      const top = points.map(([x, y]) => `${round(x)} ${round(y)}`).join("L");
      return `M${round(first[0])} ${box.height}L${top}L${round(last[0])} ${box.height}Z`;
    })
    .join("");
}

function pieces(axis: Axis, values: readonly (number | null)[], box: Box): [number, number][][] {
  const from = axis.starts_s[0] ?? 0;
  const scale = box.width / Math.max(1, axis.ends_s - from);
  const found: [number, number][][] = [];
  let piece: [number, number][] = [];
  values.forEach((value, i) => {
    if (value === null) {
      if (piece.length) found.push(piece);
      piece = [];
      return;
    }
    const y = box.height * (1 - Math.min(value, box.most) / box.most);
    piece.push([((axis.starts_s[i] ?? from) - from) * scale, y], [((axis.starts_s[i + 1] ?? axis.ends_s) - from) * scale, y]);
  });
  if (piece.length) found.push(piece);
  return found;
}

const round = (value: number) => Math.round(value * 10) / 10;
