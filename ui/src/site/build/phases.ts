// Phases of build-out out of a site's document: how far each has come and by when, their sums over
// time, and how what is said of them changed.

/** A fact as documents have it: defaults are left out. */
export type Fact<T = unknown> = Said<T> & { earlier?: Said<T>[]; others?: Said<T>[] };
export type Said<T = unknown> = { value?: T; standing?: string; source?: string; date?: string; note?: string };

/** A phase of `spec.phases`. */
export type Phase = {
  name: string;
  state: Fact<string>;
  starts?: Fact<number>;
  power_w?: Fact<number>;
  power_is?: string;
  accelerators?: Record<string, Fact<number>>;
  plan?: string;
  announced?: string;
  withdrawn?: { date: string; reason?: string; source: string };
  grid?: Fact<string>;
  works?: Fact<string>;
  due?: Fact<string>;
  needs?: string[];
  delivery?: Record<string, Record<"delivered" | "accepted" | "live", Fact<number>>>;
};

export const STAGES = ["planned", "granted", "live"] as const;
export type Stage = (typeof STAGES)[number];

/** How far a phase has come, as the roadmap counts; null: given up. */
export function stageOf(phase: Phase): Stage | null {
  const state = phase.state.value;
  if (phase.withdrawn || state === "cancelled") return null;
  if (state === "live") return "live";
  return state === "granted" || state === "built" || phase.grid?.value === "granted" ? "granted" : "planned";
}

/** When a phase is, or was promised to be, in service. [epoch s] null: nobody says. */
export function atOf(phase: Phase): number | null {
  const starts_s = phase.starts?.value ?? null;
  if (phase.state.value === "live" && starts_s !== null) return starts_s;
  return phase.due?.value ? endOf(String(phase.due.value)) : starts_s;
}

const PERIOD = /^(\d{4})(?:-(?:H([12])|Q([1-4])|(\d{2})(?:-(\d{2}))?))?$/;

/** The last second but one day of a period such as `2026-Q3`: the start of its last day. [epoch s] */
export function endOf(period: string): number | null {
  const match = PERIOD.exec(period);
  if (!match) return null;
  const [, year, half, quarter, month, day] = match;
  const last = half ? 6 * Number(half) : quarter ? 3 * Number(quarter) : month ? Number(month) : 12;
  // Day 0 of the next month is the last of this one.
  return Date.UTC(Number(year), day ? last - 1 : last, day ? Number(day) : 0) / 1000;
}

const sum = (facts: Iterable<Fact<number> | undefined>): number | null => {
  const known = [...facts].flatMap((fact) => (typeof fact?.value === "number" ? [fact.value] : []));
  return known.length ? known.reduce((all, one) => all + one, 0) : null;
};

/** Promised accelerators of a phase; null: not known. */
export const acceleratorsOf = (phase: Phase) => sum(Object.values(phase.accelerators ?? {}));
/** Of those delivered, accepted or live; null: not known. */
export const cameOf = (phase: Phase, how: "delivered" | "accepted" | "live") =>
  sum(Object.values(phase.delivery ?? {}).map((one) => one[how]));

export type Measure = "accelerators" | "power";
const amountOf = (phase: Phase, of: Measure) => (of === "power" ? (phase.power_w?.value ?? null) : acceleratorsOf(phase));

/** By stage: what is there by then, earlier phases included; one entry for each day on which something comes. */
export type Built = { at_s: number } & Record<Stage, number>;

/** Sums over time. What has come further counts in the stages before it too: what is live was planned. */
export function builtOver(phases: readonly Phase[], of: Measure): Built[] {
  const dated = phases
    .flatMap((phase) => {
      const [stage, at_s, amount] = [stageOf(phase), atOf(phase), amountOf(phase, of)];
      return stage !== null && at_s !== null && amount !== null ? [{ stage, at_s, amount }] : [];
    })
    .sort((one, other) => one.at_s - other.at_s);
  const found: Built[] = [];
  const so_far = { planned: 0, granted: 0, live: 0 };
  for (const { stage, at_s, amount } of dated) {
    for (const each of STAGES.slice(0, STAGES.indexOf(stage) + 1)) so_far[each] += amount;
    if (found.at(-1)?.at_s === at_s) found.pop();
    found.push({ at_s, ...so_far });
  }
  return found;
}

/** Phases that no sum over time can hold: no date, or no amount. */
export const undated = (phases: readonly Phase[], of: Measure) =>
  phases.filter((phase) => stageOf(phase) !== null && (atOf(phase) === null || amountOf(phase, of) === null));

/** One thing that was said of a phase. `kind`: what holds, what was said before, what others say. */
export type Revision = { phase: string; field: string; kind: "now" | "earlier" | "other"; value: unknown; source: string; date: string; note: string };

/** Whatever was said of phases more than once, the latest first within each field; then what was given up. */
export function revisionsOf(phases: readonly Phase[]): Revision[] {
  const found: Revision[] = [];
  for (const phase of phases) {
    for (const [field, fact] of factsOf(phase)) {
      if (!fact.earlier?.length && !fact.others?.length) continue;
      const said = (one: Said, kind: Revision["kind"]) =>
        found.push({ phase: phase.name, field, kind, value: one.value ?? null, source: one.source ?? "", date: one.date ?? "", note: one.note ?? "" });
      said(fact, "now");
      for (const one of [...(fact.earlier ?? [])].reverse()) said(one, "earlier");
      for (const one of fact.others ?? []) said(one, "other");
    }
    if (phase.withdrawn) {
      found.push({ phase: phase.name, field: "withdrawn", kind: "now", value: null, source: phase.withdrawn.source, date: phase.withdrawn.date, note: phase.withdrawn.reason ?? "" });
    }
  }
  return found;
}

function factsOf(phase: Phase): [field: string, fact: Fact][] {
  const plain = (["state", "starts", "power_w", "grid", "works", "due"] as const).flatMap((field): [string, Fact][] => {
    const fact = phase[field];
    return fact ? [[field, fact]] : [];
  });
  const pools = Object.entries(phase.accelerators ?? {}).map(([pool, fact]): [string, Fact] => [`accelerators.${pool}`, fact]);
  return [...plain, ...pools];
}
