import assert from "node:assert/strict";
import { methodText, useModules } from "./use-modules.ts";

describe("a faulty module of merge methods", () => {
  const { moduleFailure } = useModules();

  it("is refused with file and field of all that is wrong", async () => {
    assert.deepEqual(
      await moduleFailure(
        methodText(
          'name: "Mine", base: undefined, models: 3, sumary: "", parameters: { T: 1, u: { type: "number", scope: "global", doc: "d", default: "x" } }, solve: () => 1',
        ),
        "RECIPE_METHOD_MODULE",
      ),
      [
        'FILE: the field "name" of the method is "Mine"; it must be lower-case letters, digits and _, a letter first.',
        'FILE: the field "base" of the method is missing; it must be "required" or "optional" or "ignored".',
        'FILE: the field "models" of the method is 3; it must be an object with the whole number min, and max if there is one.',
        'FILE: the method has no field "sumary". Did you mean "summary"?',
        'FILE: the method must have either the field "solve" or the field "combine".',
        'FILE: the parameter "T" of the method must be named by lower-case letters, digits and _, a letter first.',
        'FILE: the parameter "T" of the method is 1; it must be made by number, integer, flag or oneOf.',
        'FILE: the field "default" of the parameter "u" of the method is "x", which a recipe could not give.',
      ],
    );
    const one = async (source: string) => (await moduleFailure(source, "RECIPE_METHOD_MODULE"))[0] ?? "";
    assert.match(await one("export const x = 1;"), /FILE: exports no merge method/);
    assert.match(await one("export default 7;"), /FILE: exports 7 by default/);
    assert.match(await one(methodText('name: "ties"')), /field "name" of ties is that of a built-in method/);
    assert.match(await one("export default {"), /FILE: its code fails/);
    assert.match(await one('throw new Error("no luck");'), /FILE: its code fails: no luck/);
    const list = methodText("").replace("export default", "const m =") + "export default [m, m];";
    assert.match(await one(list), /two methods of the name "mine"/);
  });

  it("has what it throws wrapped with method, function and tensor", async () => {
    const thrown = 'if (c.tensor === "layers.1.wide") throw new RangeError("too wide"); return t.base;';
    assert.deepEqual(await moduleFailure(methodText("", `combine(t, c) { ${thrown} }`), "ENGINE_METHOD"), [
      "combine of mine (FILE) failed: too wide at layers.1.wide",
    ]);
    const measure = 'measure() { throw "no measure"; }';
    const [message] = await moduleFailure(methodText(measure), "ENGINE_METHOD");
    assert.match(message ?? "", /^measure of mine \(FILE\) failed: no measure at layers\./);
  });

  it("has what it returns checked", async () => {
    const one = async (body: string, changes = "") =>
      (await moduleFailure(methodText(changes, body), "ENGINE_METHOD"))[0] ?? "";
    assert.match(
      await one("combine: ({ base }) => base.slice(1)"),
      /returned 4095 numbers for 4096 elements/,
    );
    assert.match(await one("combine: async ({ base }) => base"), /combine .* returned no array of numbers/);
    assert.match(await one("combine() {}"), /returned no array of numbers/);
    assert.match(await one("solve: () => 1"), /solve .* returned no \{ combination \}/);
    const linear = (more: string) =>
      `solve: () => ({ combination: { kind: "linear", scale: 1, baseCoefficient: 0, anchor: "base", coefficients: [1, 2], ${more} } })`;
    assert.match(await one(linear("coefficients: [1]")), /returned 1 coefficients for 2 models/);
    assert.match(
      await one("combine: ({ base }) => base", "measure: () => ({ x: 1 })"),
      /else than a statistic as "x"/,
    );
    assert.match(
      await one("combine: ({ base }) => base", 'granularity: () => "head"'),
      /granularity .* returned no/,
    );
    assert.match(
      await one("combine: ({ base }) => base", 'granularity: () => "column"'),
      /granularity column/,
    );
  });

  it("is told of when it loads in the main thread, but not in a worker", async () => {
    const only =
      'import { isMainThread } from "node:worker_threads";\nif (!isMainThread) throw new Error("alone");\n';
    assert.deepEqual(await moduleFailure(only + methodText(""), "RECIPE_METHOD_MODULE"), [
      "FILE: its code fails: alone",
    ]);
  });

  it("has results that are not finite found and named, as those of other methods", async () => {
    const body = "combine: ({ base }) => base.fill(NaN, 0, 1)";
    const [message] = await moduleFailure(methodText("", body), "ENGINE_NON_FINITE");
    assert.match(message ?? "", /8 values are NaN or infinite in layers\..* of the result/);
  });
});
