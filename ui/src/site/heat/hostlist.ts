// Hostlists as Slurm writes them: `n[001-400,7],login1` names 402 nodes in order.

/** `count` names in a row, from `from` on, or the one name `before` where there is no number. */
type Run = { before: string; after: string; from: number; digits: number; count: number };
export type Hosts = readonly Run[];

const BRACKETS = /^([^[\]]*)\[([0-9,-]+)\]([^[\]]*)$/;

/** The runs of a hostlist; none where it is not understood. */
export function hostsOf(list: string): Hosts {
  const runs: Run[] = [];
  for (const item of list.split(/,(?![^[]*\])/).map((one) => one.trim()).filter(Boolean)) {
    if (!item.includes("[")) {
      runs.push({ before: item, after: "", from: 0, digits: 0, count: 1 });
      continue;
    }
    const [, before, ranges, after] = BRACKETS.exec(item) ?? [];
    if (before === undefined || ranges === undefined || after === undefined) return [];
    for (const range of ranges.split(",")) {
      const [from = "", to = from] = range.split("-");
      const count = Number(to) - Number(from) + 1;
      if (!from || !(count > 0)) return [];
      runs.push({ before, after, from: Number(from), digits: from.length, count });
    }
  }
  return runs;
}

/** The name at `index`; '' behind the last one. */
export function nameAt(hosts: Hosts, index: number): string {
  let left = index;
  for (const run of hosts) {
    if (left < run.count) {
      return run.digits ? `${run.before}${String(run.from + left).padStart(run.digits, "0")}${run.after}` : run.before;
    }
    left -= run.count;
  }
  return "";
}
