import assert from "node:assert/strict";
import { wantsColour } from "../../src/cli/io.ts";
import { captureIo } from "./captured-io.ts";

describe("Colours", () => {
  const decide = (isTerminal: boolean, environment: Record<string, string>, flag?: boolean) =>
    wantsColour(captureIo({ isTerminal }).stdout, environment, flag);

  it("appear on a terminal and not elsewhere", () => {
    assert.equal(decide(true, {}), true);
    assert.equal(decide(false, {}), false);
    assert.equal(decide(true, { TERM: "dumb" }), false);
  });

  it("are switched off by NO_COLOR, unless it is empty", () => {
    assert.equal(decide(true, { NO_COLOR: "1" }), false);
    assert.equal(decide(true, { NO_COLOR: "" }), true);
  });

  it("are switched on by FORCE_COLOR, and off by its 0", () => {
    assert.equal(decide(false, { FORCE_COLOR: "1" }), true);
    assert.equal(decide(true, { FORCE_COLOR: "0" }), false);
  });

  it("are switched off by --no-color whatever the environment says", () => {
    assert.equal(decide(true, { FORCE_COLOR: "1" }, false), false);
    assert.equal(decide(false, { FORCE_COLOR: "1", NO_COLOR: "1" }), false);
  });
});
