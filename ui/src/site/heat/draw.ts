// Draws the cells of a pool that are in view. A cell is filled from below: own use, lent, then what is
// free, and what is out of service at its top.

import { colour } from "../../lib/colours.ts";
import { between, place, type Layout } from "./layout.ts";
import type { Amounts, Machines } from "./machines.ts";

/** Colours by use, or by access class. */
export type Shading = "use" | "class";
/** As many as classes are told apart by colour; further ones begin anew. */
export const CLASS_COLOURS = 8;

export type View = { top: number; width: number; height: number; scale: number };

const FADED = 0.28;

/** `only`: the number of a workload that stands out from the others; -1: none. */
export function draw(context: CanvasRenderingContext2D, machines: Machines, layout: Layout, view: View, shading: Shading, only: number): void {
  const [own, lent, free, out] = [colour("own"), colour("lent"), colour("free"), colour("out")];
  const classes = Array.from({ length: CLASS_COLOURS }, (_, i) => colour(`class-${i + 1}`));
  const side = layout.size - 1;
  context.setTransform(view.scale, 0, 0, view.scale, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  let shade = "";
  const fill = (with_shade: string, x: number, y: number, height: number) => {
    if (with_shade !== shade) context.fillStyle = shade = with_shade;
    context.fillRect(x, y, side, height);
  };
  const [first, end] = between(layout, view.top, view.top + view.height);
  const part: Amounts = { own: 0, lent: 0, free: 0, out: 0 };
  for (let cell = first; cell < end; cell++) {
    const at = place(layout, cell);
    const [x, y, node] = [at.x, at.y - view.top, cell * layout.per];
    machines.count(node, layout.per, part);
    const used = part.own + part.lent;
    const whole = used + part.free + part.out;
    const height = (amount: number) => (amount === whole ? side : Math.max(1, Math.round((amount / whole) * side)));
    if (only >= 0) context.globalAlpha = stands(machines, node, layout.per, only) ? 1 : FADED;
    if (part.free > 0) fill(free, x, y, side);
    if (part.out > 0) fill(out, x, y, height(part.out));
    if (used === 0) continue;
    if (shading === "class") {
      fill(classes[classOf(machines, node, layout.per) % CLASS_COLOURS]!, x, y + side - height(used), height(used));
    } else {
      // Own use below is drawn over what is lent.
      fill(part.lent > 0 ? lent : own, x, y + side - height(used), height(used));
      if (part.own > 0 && part.lent > 0) fill(own, x, y + side - height(part.own), height(part.own));
    }
  }
  context.globalAlpha = 1;
}

function stands(machines: Machines, first: number, count: number, only: number): boolean {
  const end = Math.min(machines.nodes, first + count);
  for (let x = first; x < end; x++) if (machines.holds(x, only)) return true;
  return false;
}

/** The class with the most nodes of `count` from `first` on, by its number. */
function classOf(machines: Machines, first: number, count: number): number {
  const found = new Map<number, number>();
  let most = -1;
  const end = Math.min(machines.nodes, first + count);
  for (let x = first; x < end; x++) {
    const workload = machines.workload[x]!;
    if (workload < 0) continue;
    const one = machines.classOf(workload);
    found.set(one, (found.get(one) ?? 0) + 1);
    if (found.get(one)! > (found.get(most) ?? 0)) most = one;
  }
  return Math.max(0, most);
}
