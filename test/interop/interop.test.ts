import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

describe("interoperability with Python", () => {
  it("agrees with numpy, safetensors and ml_dtypes on what it reads and writes", () => {
    const python = process.env.PYTHON ?? "python3";
    const { stdout, stderr } = spawnSync(python, ["-B", "test/interop/run.py"], {
      encoding: "utf8",
      env: { ...process.env, NODE: process.execPath },
    });
    const totals = /^(\d+) passed, (\d+) failed$/m.exec(stdout);
    // Mocha's own counts close the run.
    process.stdout.write(stdout.replace(totals?.[0] ?? "", ""));
    assert.ok(totals !== null, `the checks did not reach their end: ${stderr}`);
    assert.equal(Number(totals[2]), 0, "see the lines that start with FAIL");
    assert.ok(Number(totals[1]) > 0);
  });
});
