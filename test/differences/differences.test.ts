import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { arithmeticChecks } from "./arithmetic.ts";
import { masksChecks } from "./masks.ts";
import { rowsChecks } from "./rows.ts";
import { outputChecks } from "./output.ts";
import { recipesChecks } from "./recipes.ts";
import { sphereChecks } from "./sphere.ts";
import { tensorsChecks } from "./tensors.ts";
import { tokensChecks } from "./tokens.ts";
import { Workplace } from "./workplace.ts";

/** The first cells of the rows of docs/differences-from-mergekit.md. */
const documented = [
  ...readFileSync("docs/differences-from-mergekit.md", "utf8").matchAll(/^\| ([^|]+) \|(?!.*---)/gm),
]
  .map(([, cell = ""]) => cell)
  .filter((cell) => cell !== "where" && cell !== "---");

describe("The differences from mergekit", () => {
  const at = new Workplace(useTemporaryFolder());
  const checks = [
    arithmeticChecks,
    sphereChecks,
    masksChecks,
    rowsChecks,
    tensorsChecks,
    tokensChecks,
    recipesChecks,
    outputChecks,
  ].flatMap((make) => Object.entries(make(at)));

  it("are documented exactly where they are tested", () => {
    assert.deepEqual(
      documented,
      checks.map(([where]) => where),
    );
  });

  for (const [where, check] of checks) it(`hold: ${where}`, check);
});
