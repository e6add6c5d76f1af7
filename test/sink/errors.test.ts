import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { isMergeError, PlanError } from "../../src/errors.ts";
import { toSinkError } from "../../src/sink/errors.ts";

function systemError(code: string, message = `${code}: as Node words it`): Error {
  return Object.assign(new Error(message), { code, errno: -1, syscall: "write" });
}

describe("system errors while writing", () => {
  const expected = {
    ENOSPC: ["SINK_DISK_FULL", /^The disk is full: cannot write \/out\/x$/],
    EDQUOT: ["SINK_DISK_FULL", /^The disk quota is used up/],
    EACCES: ["SINK_UNWRITABLE", /^Permission denied/],
    EROFS: ["SINK_UNWRITABLE", /read-only/],
    EIO: ["SINK_UNWRITABLE", /^Cannot write \/out\/x: EIO: as Node words it$/],
  } as const;

  for (const [code, [mapped, message]] of Object.entries(expected)) {
    it(`turn ${code} into ${mapped} with the path and the cause`, () => {
      const cause = systemError(code);
      const error = toSinkError(cause, "/out/x");
      assert.ok(isMergeError(error, mapped));
      assert.match(error.message, message);
      assert.equal(error.where, "/out/x");
      assert.equal(error.cause, cause);
      assert.equal(error.hint === undefined, code === "EIO");
    });
  }

  it("are recognised as Node throws them", async () => {
    const error = await readFile("test").catch((reason: unknown) => reason);
    assert.ok(isMergeError(toSinkError(error, "test"), "SINK_UNWRITABLE"));
  });

  it("are recognised when a disk is really full", async function () {
    // Linux has a device that is always full; elsewhere a full disk would have to be made.
    if (!existsSync("/dev/full")) this.skip();
    const error = await writeFile("/dev/full", "x").catch((reason: unknown) => reason);
    assert.ok(isMergeError(toSinkError(error, "/dev/full"), "SINK_DISK_FULL"));
  });

  it("leave every other error alone", () => {
    const defect = new RangeError("a defect");
    const own = new PlanError("PLAN_SHAPE", "ours");
    for (const error of [defect, own, "text"]) assert.equal(toSinkError(error, "/out/x"), error);
  });
});
