// The envelope tree in words, and its series as lines.

import { t } from "../../lib/texts.svelte.ts";
import type { PowerNode, SitePower } from "../shapes.ts";

/** `halls.east` as `hall east`. */
export function pathWords(path: string): string {
  const [kind, name] = [path.split(".")[0], path.slice(path.indexOf(".") + 1)];
  return kind === "halls" ? t("tree.hall", { name }) : kind === "pools" ? t("tree.pool", { name }) : t("tree.site");
}

/** The nodes with each one's parts right below it. */
export function inOrder(nodes: readonly PowerNode[], around: string | null = null): PowerNode[] {
  return nodes.filter((node) => node.parent === around).flatMap((node) => [node, ...inOrder(nodes, node.path)]);
}

/** How deep `node` is in the tree: 0 for the site. */
export function depth(node: PowerNode, nodes: readonly PowerNode[]): number {
  const around = node.parent === null ? undefined : nodes.find((other) => other.path === node.parent);
  return around ? depth(around, nodes) + 1 : 0;
}

/** A series as points of a line that holds each value until the next one, to the end. */
export function points(power: SitePower, values: readonly (number | null)[] | null): [at_ms: number, value: number | null][] {
  if (!values?.length) return [];
  const found = power.starts_s.map((at_s, i): [number, number | null] => [at_s * 1000, values[i] ?? null]);
  return [...found, [power.ends_s * 1000, values.at(-1) ?? null]];
}

/** By step: what may still be placed before the limit is reached; negative where too much is. [W] */
export function room(node: PowerNode): number | null {
  const [limit, work] = [node.now.work_limit.value_w, node.now.work.value_w];
  return limit === null || work === null ? null : limit - work;
}
