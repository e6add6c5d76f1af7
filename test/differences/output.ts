import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { floats, LINEAR_AB, withCode } from "./workplace.ts";
import type { Checks, Workplace } from "./workplace.ts";

export const outputChecks = (at: Workplace): Checks => ({
  "a folder that is not empty": async () => {
    const folder = await at.modelsIn({ a: { w: floats([1]) }, b: { w: floats([2]) } });
    await mkdir(`${folder}/out`);
    await writeFile(`${folder}/out/mine.txt`, "");
    await assert.rejects(at.run(folder, LINEAR_AB), withCode("SINK_EXISTS"));
    await at.run(folder, LINEAR_AB, { force: true });
  },
  "a failed run": async () => {
    const folder = await at.modelsIn({ a: { w: floats([Infinity]) }, b: { w: floats([2]) } });
    await assert.rejects(at.run(folder, LINEAR_AB), withCode("ENGINE_NON_FINITE"));
    assert.ok(!existsSync(`${folder}/out`));
  },
});
