// The node's reasons in German: a sentence for each that there is, with its values in it.

import { beforeAll, describe, expect, it, vi } from "vitest";

import { sentence, type Reason } from "../src/lib/reason.ts";
import { texts } from "../src/lib/texts.svelte.ts";
import PAGE from "../../docs/reference/reasons.md?raw";
import reasons from "../src/texts/reasons/de.json";

const STEPS = ["law", "class", "hardware", "power", "room"];

/** Step and code of each row of the tables: the step is the heading, or the second column. */
function documented(): [string, string][] {
  return PAGE.split(/^## /m).flatMap((part) => {
    const heading = part.split("\n")[0]!.toLowerCase();
    return [...part.matchAll(/^\| `([\w-]+)` \| ([^|]+) \|/gm)].map(([, code, second]): [string, string] => [STEPS.includes(heading) ? heading : second!, code!]);
  });
}

const reason = (code: string, more: Partial<Reason> = {}): Reason => ({
  site: "narvik", step: "room", code, message: `the node's words for ${code}`, forever: false, pool: "gb300", needed: "", actual: "", origin: "", ...more,
});
const charter = { step: "class" as const, origin: "charter of narvik: class research/students" };

beforeAll(async () => {
  vi.stubGlobal("localStorage", { setItem: () => undefined });
  vi.stubGlobal("document", { documentElement: {} });
  await texts.choose("de");
});

describe("in German", () => {
  it.each(documented())("there is a sentence for %s: %s", (step, code) => {
    expect(STEPS).toContain(step);
    const full = reason(code, { step: step as Reason["step"], needed: "8", actual: "4", origin: "charter of narvik: class a" });
    const project = { ...full, origin: "Project/fjord: spec.grants" };
    const told = sentence(full) || sentence(project);
    expect(told).not.toBe("");
    expect(told).not.toMatch(/[{}]/);
  });

  it("no sentence is for a code that is not told", () => {
    const codes = new Set(documented().map(([, code]) => code));
    expect(codes.size).toBeGreaterThan(40);
    const told = Object.keys(reasons.sentences).map((name) => name.split(".")[0]);
    expect(told.filter((code) => !codes.has(code!))).toEqual([]);
  });

  it.each([
    [reason("no-room", { needed: "1200", actual: "4" }), "Frei im Pool gb300: 4 Beschleuniger; verlangt: 1.200."],
    [reason("fragmented", { needed: "packed", actual: "12 free" }), "Frei im Pool gb300: 12 Beschleuniger, aber nicht so, wie sie liegen müssen: in ganzen Knoten."],
    [reason("envelope", { step: "power", needed: "8210 W", actual: "0 W" }), "Er würde am Zähler 8,21 kW ziehen; jetzt oder vor seinem Ende lässt die Grenze nur 0 W übrig."],
    // By 3 W too much, which kilowatts would not show.
    [reason("over-envelope", { step: "power", needed: "10004 W", actual: "10001 W" }), "Er würde 10.004 W ziehen; mehr als 10.001 W lässt die Grenze für Aufträge nie zu."],
    [reason("deadline-missed", { needed: "2026-11-22T21:04:04Z", actual: "2026-11-22T21:04:05Z" }), "Er soll bis 2026-11-22 21:04:04 UTC fertig sein; begänne er jetzt, reichte seine Laufzeit bis 2026-11-22 21:04:05 UTC."],
    [reason("not-before", { needed: "2026-11-22T21:04:05Z" }), "Er soll nicht vor 22. Nov. 2026, 21:04 UTC beginnen."],
    [reason("grant-too-short", { step: "class", needed: "183600 s", actual: "86400 s at most", origin: "Project/fjord: spec.grants" }), "Er darf 2 d 3 h laufen; die längste Zuteilung des Projekts fjord, die ihn bezahlen würde, gilt nur 1 d."],
    [reason("grant-used-up", { step: "class", needed: "2400 accelerator-hours", actual: "12 accelerator-hours", origin: "Project/fjord: spec.grants" }), "Die Zuteilung des Projekts fjord reicht jetzt nicht: übrig 12 Beschleuniger‑h; er darf bis zu 2.400 Beschleuniger‑h verbrauchen."],
    [reason("moved-to-clean-power", { step: "power", actual: "12.3 kWh from the grid and 4567 g of CO2" }), "Er hat auf eigenen sauberen Strom gewartet. Gegenüber einem sofortigen Beginn spart das 12,3 kWh aus dem Netz und 4.567 g CO₂."],
    [reason("moved-to-clean-power", { step: "power", actual: "12.3 kWh from the grid" }), "Er hat auf eigenen sauberen Strom gewartet. Gegenüber einem sofortigen Beginn spart das 12,3 kWh aus dem Netz."],
    [reason("not-eligible-sector", { ...charter, needed: "sector health or climate", actual: "finance" }), "Die Klasse research/students ist für den Sektor health oder climate; dieses Projekt gehört zu: finance."],
    [reason("not-eligible-party", { ...charter, needed: "party acme", actual: "no party" }), "Die Klasse research/students ist für: acme; hinter diesem Projekt steht: keine Partei."],
    [reason("storage-not-permitted", { step: "law", needed: "nowhere", actual: "MA (declared)", origin: "Dataset/a (Act 1)" }), "Die Daten lägen in MA (erklärt); Dataset/a (Act 1) erlaubt Speicherung in: nirgends."],
    [reason("control-excluded", { step: "law", needed: "no control from US", actual: "acme, US (assumed)", origin: "Project/fjord" }), "Die Kontrolle über den Betreiber hat acme, US (angenommen); Project/fjord lässt keine Kontrolle zu aus: US."],
    [reason("foreign-share-over-limit", { step: "law", needed: "at most 2500 bp held outside EU", actual: "nordavind, 6050 bp", origin: "Project/fjord" }), "Eigner von außerhalb halten zu viel vom Betreiber nordavind, 60,5 %; Project/fjord erlaubt höchstens 25 % bei Eignern außerhalb von EU."],
    [reason("law-permits", { step: "law", actual: "country NO (attested), management NO, SE (declared)" }), "Alle Regeln, die für ihn gelten, erlauben narvik; gefragt war: Land NO (bezeugt), Verwaltung NO, SE (erklärt)."],
    [reason("fact-unknown", { step: "power", actual: "unknown", origin: "Site/narvik: spec.pue_milli" }), "Für Pool gb300 fehlt eine Angabe zur Leistung: Site/narvik: spec.pue_milli. Unbekanntes zählt als Nein."],
    [reason("fact-unknown", { step: "law", actual: "Party/acme: spec.seat (unknown)" }), "Es fehlt eine Angabe, auf die es nach dem Recht ankommt: Party/acme: spec.seat (unbekannt). Unbekanntes zählt als Nein."],
    // A plan says how much; a reclaim does not.
    [reason("envelope-shrank", { step: "power", needed: "1500 W", actual: "1500 W", origin: "Site/narvik: spec.envelope.site" }), "Zugesagt sind 1,5 kW mehr, als hier gezogen werden darf (Site/narvik: spec.envelope.site); Drosseln und Zurückfordern geben 1,5 kW zurück."],
    [reason("envelope-shrank", { step: "power", origin: "Site/narvik: spec.envelope.site" }), "Zugesagt ist mehr, als hier gezogen werden darf (Site/narvik: spec.envelope.site), und keine Zusage einer Klasse deckt ihn."],
  ])("values are in the sentence: %#", (one, told) => expect(sentence(one)).toBe(told));

  it.each([
    ["a code that is not known", reason("made-tomorrow", { needed: "8", actual: "4" })],
    ["a code that is a word of the language", reason("constructor")],
    ["a value that is not told", reason("no-room", { needed: "8" })],
  ])("%s has none, so that the node's own words stand", (_, one) => expect(sentence(one)).toBe(""));
});

it("in English the node's own words stand", async () => {
  await texts.choose("en");
  expect(sentence(reason("no-room", { needed: "8", actual: "4" }))).toBe("");
  await texts.choose("de");
});
