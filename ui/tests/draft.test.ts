import { describe, expect, it } from "vitest";

import { after, argv, commandLine, Draft, FIRST } from "../src/submit/draft.ts";

describe("a draft", () => {
  it("changes one field and leaves comments as they were", () => {
    const text = "# why\nkind: Workload\nspec:\n  accelerators: 1 # few\n  project: x\n";
    const changed = new Draft(text).with(["spec", "accelerators"], 8);
    expect(changed).toBe("# why\nkind: Workload\nspec:\n  accelerators: 8 # few\n  project: x\n");
  });

  it("makes the parts above a new field, and takes out those that are empty", () => {
    const made = new Draft(FIRST).with(["spec", "flexibility", "deadline"], "2027-01-01");
    expect(new Draft(made).get(["spec", "flexibility"])).toEqual({ deadline: "2027-01-01" });
    const gone = new Draft(made).with(["spec", "flexibility", "deadline"], undefined);
    expect(new Draft(gone).get(["spec", "flexibility"])).toBeUndefined();
    expect(new Draft(gone).get(["spec", "accelerators"])).toBe(1);
  });

  it("says where YAML is broken, and then changes nothing", () => {
    const broken = new Draft("spec:\n  a: [1\nb: 2\n");
    expect(broken.good).toBe(false);
    expect(broken.mistakes[0]!.line).toBeGreaterThan(1);
    expect(broken.with(["spec", "a"], 2)).toBe(broken.text);
  });

  it("takes an alias for a mistake on its line, also where nothing has that name", () => {
    for (const text of ["kind: Workload\nspec: *none\n", "kind: &a Workload\nspec: [*a]\n"]) {
      expect(new Draft(text).mistakes).toMatchObject([{ line: 2, message: expect.stringContaining("aliases") as string }]);
    }
  });

  it("says of a second document that it is one too many, in words for who writes", () => {
    const [mistake] = new Draft("a: 1\n---\nb: 2\n").mistakes;
    expect(mistake!.message).not.toContain("YAML.");
    expect(mistake!.message).toContain("second document");
  });

  it("is no document if it is a list or a word", () => {
    expect(new Draft("- a\n").good).toBe(false);
    expect(new Draft("hello").good).toBe(false);
    expect(new Draft("").good).toBe(false);
  });

  it("finds the line of a field that the node names, or of what holds it", () => {
    const draft = new Draft("kind: Workload\nspec:\n  accelerators: 0\n  flexibility:\n    cappable: true\n");
    expect(draft.lineOf("spec.accelerators")).toBe(3);
    expect(draft.lineOf("spec.flexibility.deadline")).toBe(5);
    expect(draft.lineOf("Workload/hello: spec.accelerators")).toBe(3);
    expect(draft.lineOf("nothing")).toBe(1);
    expect([draft.holds("Workload/hello: spec.accelerators"), draft.holds("spec.none"), draft.holds("trace")]).toEqual([true, true, false]);
  });

  it("begins after a workload of before", () => {
    const draft = new Draft(after("w", { project: "p", accelerators: 64 }, 8));
    expect(draft.toJS()).toEqual({ apiVersion: "allod/v1", kind: "Workload", metadata: { name: "w" }, spec: { project: "p", accelerators: 8 } });
  });
});

describe("a command line", () => {
  it.each([
    ["python train.py --lr 1e-4", ["python", "train.py", "--lr", "1e-4"]],
    ["sh -c 'echo \"a b\"; sleep 1'", ["sh", "-c", 'echo "a b"; sleep 1']],
    ['a "b \\"c\\" \\n" d\\ e', ["a", 'b "c" \\n', "d e"]],
    ["  ", []],
    ["a ''", ["a", ""]],
  ])("is split as a shell splits %s", (line, words) => {
    expect(argv(line)).toEqual(words);
  });

  it("is not split while a quote is open", () => {
    expect(argv("sh -c 'echo")).toBeNull();
  });

  it("comes back from its words", () => {
    for (const words of [["a", "b c"], ["it's", ""], ["$HOME", "\\"], ["a\nb"]]) expect(argv(commandLine(words))).toEqual(words);
  });
});
