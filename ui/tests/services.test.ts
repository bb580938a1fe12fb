// How services stand, which need a look first, and the sums of what they were used for.

import { describe, expect, it } from "vitest";

import { counted, looked, standOf, telling, worst, type AtSite, type Service } from "../src/service/stand.ts";
import { BYS, BYS_OF_ONE, byOf, carbonOf, energyOf, grams, inOrder, joules, methods, perTokens, spanOf, type Sum } from "../src/service/usage.ts";

const at = (more: Partial<AtSite> = {}): AtSite => ({
  site: "narvik", wanted: 1, ready: 1, starting: 0, draining: 0, held: 0, in_flight: 0, waiting: 0, why: [],
  last_failure: "", failed_replica: "", failed_words: "", failed_at_s: null, again_at_s: null, replicas: [], ...more,
});
const service = (name: string, sites: AtSite[], project = "models"): Service => ({
  name, project, title: "", model: name, engine: "vllm", operations: [], replicas_min: 0, replicas_max: 2, gateways: 1, sites,
});
const failed = { ready: 0, last_failure: "w2 ended as failed", failed_replica: "w2", failed_at_s: 5, again_at_s: 9 };

describe("a service at a site", () => {
  it.each<[Partial<AtSite>, string]>([
    [{}, "ready"],
    [{ ready: 2, wanted: 1 }, "ready"],
    [{ ready: 0, wanted: 0 }, "idle"],
    [{ ready: 0, starting: 1 }, "starting"],
    [{ ready: 1, wanted: 2, held: 1, why: ["no room"] }, "short"],
    [{ ready: 0, why: ["the site has no runner"] }, "short"],
    [failed, "failing"],
    [{ ...failed, failed_replica: "", last_failure: "no replica can run here" }, "refused"],
    // Whoever called it gave up: what is wrong is wrong all the same.
    [{ ...failed, wanted: 0 }, "failing"],
    [{ ...failed, wanted: 2, held: 1 }, "failing"],
    // It works again, or is about to be tried in another form.
    [{ ...failed, ready: 1 }, "ready"],
    [{ ...failed, again_at_s: null, starting: 1 }, "starting"],
  ])("with %j is %s", (site, stand) => {
    expect(standOf(at(site))).toBe(stand);
  });

  it("of several sites counts where it stands worst", () => {
    expect(worst([at(), at({ ready: 0, starting: 1 })])).toBe("starting");
    expect(worst([at({ ready: 0, wanted: 0 }), at()])).toBe("ready");
    expect(worst([])).toBe("idle");
  });
});

describe("services", () => {
  const all = [service("a", [at()]), service("c", [at(failed)], "lab"), service("b", [at(failed), at({ site: "kigali" })])];

  it("come with those first that need a look, then by name", () => {
    expect(looked(all).map((one) => one.name)).toEqual(["b", "c", "a"]);
    expect(counted(all)).toEqual([["failing", 2], ["ready", 1]]);
  });

  it("are those of a project, or what is at a site alone", () => {
    expect(looked(all, { project: "lab" }).map((one) => one.name)).toEqual(["c"]);
    expect(looked(all, { site: "kigali" }).map((one) => one.sites.map(({ site }) => site))).toEqual([["kigali"]]);
    expect(looked(all, { project: "lab", site: "kigali" })).toEqual([]);
  });
});

describe("what a failed replica wrote", () => {
  it("is told by the last line that names an error", () => {
    expect(telling("loading\nRuntimeError: no such model\nwarning: 1 process is left\n")).toBe("RuntimeError: no such model");
    expect(telling("llama_model_load: error: cannot open file\nbye")).toBe("llama_model_load: error: cannot open file");
  });

  it("else by the last line", () => {
    expect(telling("one\ntwo\n\n")).toBe("two");
    expect(telling("")).toBe("");
  });
});

const sum = (more: Partial<Sum> = {}): Sum => ({
  project: "", key: "", service: "", model: "", site: "", access_class: "", batch: "", day: "", calls: 10, completed: 8, left: 0, failed: 0, refused: 2,
  interrupted: 0, prompt_tokens: 0, cached_tokens: 0, answer_tokens: 0, waited_ms: 0, took_ms: 0, energy_mj: 2_350, co2e_ug: 0, energy_unknown: 0,
  energy_measured: 0, energy_estimated: 8, energy_per_1000_tokens_mj: null, energy_method: "estimated", ...more,
});

describe("usage", () => {
  it("has energy and carbon in units that leave three digits", () => {
    expect([joules(2_350), joules(512_000), joules(4_464_000), joules(313_560_000_000)]).toEqual(["2.35 J", "512 J", "1.24 Wh", "87.1 kWh"]);
    expect([joules(0), grams(1_500), grams(0), grams(12_440_000_000)]).toEqual(["0 J", "0.0015 g", "0 g", "12.4 kg"]);
  });

  it("says in shares how the energy of the calls that were served is known", () => {
    expect(methods(sum({ energy_measured: 4, energy_estimated: 2, energy_unknown: 2 }))).toBe("50\u00a0% measured, 25\u00a0% estimated, 25\u00a0% unknown");
    // Whoever left before an engine had the call was not served.
    expect(methods(sum({ left: 8, energy_estimated: 0 }))).toBe("–");
  });

  it("tells no number where none is known", () => {
    const unknown = sum({ energy_estimated: 0, energy_unknown: 8, energy_mj: 0 });
    expect([energyOf(unknown), carbonOf(unknown), perTokens(unknown)]).toEqual(["–", "–", "–"]);
    expect(perTokens(sum({ energy_per_1000_tokens_mj: 81_200 }))).toBe("81.2 J");
    // An energy without an intensity of carbon.
    expect([energyOf(sum()), carbonOf(sum())]).toEqual(["2.35 J", "–"]);
  });

  it("comes by who called most, days by the latest", () => {
    const named = (key: string, calls: number) => sum({ key, day: key, calls });
    const all = [named("a", 1), named("c", 9), named("b", 9)];
    expect(inOrder(all, "key").map((one) => one.key)).toEqual(["b", "c", "a"]);
    expect(inOrder(all, "day").map((one) => one.day)).toEqual(["c", "b", "a"]);
  });

  it("is asked for as the address says, if that can be asked", () => {
    expect([spanOf("7d"), spanOf("9d"), spanOf(null)]).toEqual(["7d", "24h", "24h"]);
    expect([byOf("key", BYS), byOf("model", BYS_OF_ONE), byOf(null, BYS)]).toEqual(["key", "project", "service"]);
  });
});
