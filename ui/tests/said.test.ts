// What the node says beside reasons, in German: a sentence for each code that the API knows.

import { beforeAll, describe, expect, it, vi } from "vitest";

import { restsOn, told, toldAll, type Said } from "../src/lib/said.ts";
import { texts } from "../src/lib/texts.svelte.ts";
import reasons from "../src/texts/reasons/de.json";
import SCHEMA from "../src/api/schema.d.ts?raw";

/** The codes of the API: they stand in its types, which are made from what the node can say. */
function codes(): Said["code"][] {
  const [, line = ""] = /^ {12}code: (.+);$/m.exec(SCHEMA.slice(SCHEMA.indexOf("        Said: {"))) ?? [];
  return [...line.matchAll(/"([\w-]+)"/g)].map(([, code]) => code as Said["code"]);
}
const said = (code: Said["code"], values: Said["values"] = {}): Said => ({ code, values });
/** A value for each name that any sentence has. */
const whatever = Object.fromEntries([...JSON.stringify(reasons.said).matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, "x"]));

beforeAll(async () => {
  vi.stubGlobal("localStorage", { setItem: () => undefined });
  vi.stubGlobal("document", { documentElement: {} });
  await texts.choose("de");
});

describe("in German", () => {
  it("all codes are known", () => expect(codes().length).toBeGreaterThan(90));

  it.each(codes())("there is a sentence for %s", (code) => {
    expect(told(said(code, whatever))).not.toBe("");
    expect(told(said(code, whatever))).not.toMatch(/[{}]/);
  });

  it("no sentence is for a code that nobody says", () => {
    const known = new Set<string>(codes());
    expect([...texts.reasons.said.keys()].filter((name) => !known.has(name.split(".")[0]!))).toEqual([]);
  });

  it.each([
    [said("floor-broken", { site: "narvik", class: "a", accelerators: 1200, floor: 8, promised: "900 s" }), "Innerhalb der Zusage von 8 warten Aufträge länger als zugesagt (15 min). Beschleuniger, auf die gewartet wird: 1.200."],
    [said("envelope-too-small", { site: "narvik", path: "site", over: "8210 W" }), "Zugesagt sind jetzt bis zu 8,21 kW mehr, als bezogen werden darf. Zusagen werden eingehalten, von selbst gibt deshalb nichts mehr nach."],
    [said("grant-ends", { project: "fjord", ends: "2026-11-22T21:04:05Z" }), "Sie endet: 22. Nov. 2026, 21:04 UTC. Aufträge, die darüber hinaus liefen, warten auf eine andere."],
    // A project may be called by a number.
    [said("larger-grant", { amount: "2400 accelerator-hours", project: "2400" }), "eine Zuteilung für das Projekt 2400 von 2.400 Beschleuniger‑h"],
    [said("foreign-share", { bp: 2550 }), "höchstens 25,5 % des Betreibers in ausländischer Hand"],
    [said("stored-in", { places: "nowhere" }), "gespeichert in: nirgends"],
    [said("make-known", { fact: "Party/acme: spec.seat (unknown)" }), "diese Angabe machen: Party/acme: spec.seat (unbekannt)"],
    [said("by-call", { call: "peak", words: "" }), "Aufruf „peak“"],
    // What people wrote stays, whatever else it could mean.
    [said("by-call", { call: "500 W", words: "900 s" }), "Aufruf „500 W“: 900 s"],
    [said("by-call", { call: "nowhere", words: "hot or cold" }), "Aufruf „nowhere“: hot or cold"],
    [said("by-meter", { meter: "sector 7" }), "Zähler „sector 7“"],
    [said("anchor", { party: "nowhere" }), "Vertrag mit nowhere."],
    [said("for-parties", { parties: "or" }), "Nur für Projekte von: or."],
    [said("for-projects", { projects: "2400" }), "Nur für die Projekte: 2400."],
    [said("idle-for", { classes: "saving" }), "Was sie ungenutzt lassen, wird verliehen an: saving."],
    [said("runner-out-of-reach", { site: "or", runner: "party a", workloads: 1 }), "Der Ausführer „party a“ antwortet nicht. Aufträge, die ihren Platz dort behalten: 1; wie es ihnen geht, weiß niemand."],
    // What kind is asked of another project.
    [said("other-project", { needed: "a seat in NO or SE" }), "ein anderes Projekt; verlangt: Sitz in NO oder SE"],
    [said("other-project", { needed: "sector health" }), "ein anderes Projekt; verlangt: Sektor health"],
    [said("other-project", { needed: "party 7" }), "ein anderes Projekt; verlangt: Partei 7"],
    [said("other-project", { needed: "project a or b" }), "ein anderes Projekt; verlangt: Projekt a oder b"],
    [said("other-project", { needed: "gold" }), "ein anderes Projekt; verlangt: gold"],
    // One is said as many are.
    [said("live-phase", { accelerators: 1, pool: "gpu" }), "im Pool gpu eine Phase in Betrieb mit so vielen Beschleunigern: 1"],
    [said("reading-stale", { last: "2026-11-22T21:04:05Z" }), "die letzte Ablesung ist veraltet: 22. Nov. 2026, 21:04 UTC"],
    [said("fact-not-stated", { path: "p", refused: 1, waiting: 0 }), "Niemand hat es angegeben. Deshalb abgelehnt, in den letzten 24 Stunden: 1; deshalb von einem Standort ferngehalten: 0."],
    [said("anchor-ends", { ends: "2026-11-22" }), "Der Vertrag endet: 2026-11-22."],
  ])("values are in the sentence: %#", (one, words) => expect(told(one)).toBe(words));

  it("a node of the envelope is named as on its own page", () => {
    const of = (path: string) => told(said("envelope-too-small", { site: "narvik", path, over: "1 W" }), ".subject");
    expect([of("site"), of("halls.east")]).toEqual(["narvik: ganzer Standort", "narvik: Halle east"]);
  });

  it("parts are one sentence, or none at all", () => {
    const start = [said("reserved-start"), said("wall-times"), said("if-not-taken", { ahead: 2 })];
    expect(toldAll(start, "")).toBe("sein reservierter Beginn, maßgeblich: die Laufzeiten der Aufträge, die jetzt laufen, falls die 2, die vor ihm dran sind, den Platz nicht nehmen");
    expect(toldAll([said("wait"), said("made-later" as Said["code"])], "; ")).toBe("");
  });

  it("a value that lacks leaves the node's own words", () => expect(told(said("runs-at"))).toBe(""));

  it("a figure rests on what its name says, an unknown one on what the node says", () => {
    expect(restsOn("figure", { name: "jobs", basis: "usable jobs" })).toMatch(/^brauchbare Jobs/);
    expect(restsOn("figure", { name: "made-later", basis: "usable jobs" })).toBe("usable jobs");
  });
});

it("in English the node's own words stand", async () => {
  await texts.choose("en");
  expect(told(said("runs-here"))).toBe("");
  expect(restsOn("series", { name: "power", basis: "of power" })).toBe("of power");
  await texts.choose("de");
});
