import { describe, expect, it } from "vitest";

import { completions } from "../src/submit/complete.ts";
import { choices, fields, help, type Schema } from "../src/submit/schema.ts";

const SCHEMA: Schema = {
  properties: { kind: { const: "Workload" }, spec: { $ref: "#/$defs/Spec" } },
  required: ["kind", "spec"],
  $defs: {
    Spec: {
      properties: {
        project: { type: "string", description: "Who asks." },
        topology: { $ref: "#/$defs/Topology", description: "How they lie." },
        models: { type: "array", items: { enum: ["b200", "h200"] } },
        residency: { anyOf: [{ $ref: "#/$defs/Rule" }, { type: "null" }] },
        flexibility: { properties: { cappable: { type: "boolean" } } },
      },
      required: ["project"],
    },
    Topology: { enum: ["packed", "spread"], description: "A topology." },
    Rule: { properties: { storage: { type: "array", items: { enum: ["NO", "MA"] } } } },
  },
};
const labels = (before: string) => completions(SCHEMA, before).options.map((one) => one.label);

describe("the schema", () => {
  it("tells fields with their help, its own words first", () => {
    expect(fields(SCHEMA, ["spec"]).find((one) => one.name === "project")).toEqual({ name: "project", help: "Who asks.", required: true });
    expect(help(SCHEMA, ["spec", "topology"])).toBe("How they lie.");
  });

  it("tells choices through references, lists and what may be null", () => {
    expect(choices(SCHEMA, ["spec", "topology"])).toEqual(["packed", "spread"]);
    expect(choices(SCHEMA, ["spec", "models"])).toEqual(["b200", "h200"]);
    expect(choices(SCHEMA, ["spec", "residency", "storage"])).toEqual(["NO", "MA"]);
    expect(choices(SCHEMA, ["spec", "nothing"])).toEqual([]);
  });
});

describe("completions", () => {
  it("offers fields of the part that the cursor is in", () => {
    expect(labels("ki")).toEqual(["kind", "spec"]);
    expect(labels("kind: Workload\nspec:\n  pro")).toContain("project");
    expect(labels("spec:\n  project: x\n  flexibility:\n    ")).toEqual(["cappable"]);
    expect(labels("spec:\n  flexibility:\n    cappable: true\n  ")).toContain("models");
  });

  it("offers values, in lists too", () => {
    expect(labels("spec:\n  topology: pa")).toEqual(["packed", "spread"]);
    expect(labels("spec:\n  models: [b200, ")).toEqual(["b200", "h200"]);
    expect(labels("spec:\n  models:\n    - ")).toEqual(["b200", "h200"]);
    expect(labels("spec:\n  flexibility:\n    cappable: ")).toEqual(["true", "false"]);
  });

  it("says how much of it is typed already", () => {
    expect(completions(SCHEMA, "spec:\n  topology: pa").typed).toBe("pa");
  });
});
