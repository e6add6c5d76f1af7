import assert from "node:assert/strict";
import { createProgress } from "../../src/cli/progress.ts";
import { createStyle } from "../../src/cli/style.ts";
import { captureIo } from "./captured-io.ts";

const plain = createStyle(false);

describe("Progress", () => {
  let now = 0;
  const realNow = performance.now.bind(performance);
  beforeEach(() => {
    now = 0;
    performance.now = () => now;
  });
  afterEach(() => {
    performance.now = realNow;
  });

  it("is a line now and then where there is no terminal, the first one after two seconds", () => {
    const io = captureIo();
    const progress = createProgress(io, plain);
    for (now = 0; now <= 12_000; now += 500) progress.update(now * 1e6, 12_000e6);
    progress.stop();
    assert.deepEqual(io.stderr.text.trimEnd().split("\n"), [
      " 16 %  2.00 GB of 12.0 GB  1.00 GB/s  10 s left",
      " 58 %  7.00 GB of 12.0 GB  1.00 GB/s  5 s left",
      "100 %  12.0 GB of 12.0 GB  1.00 GB/s  0 s left",
    ]);
  });

  it("follows the rate of the last seconds", () => {
    const io = captureIo();
    const progress = createProgress(io, plain);
    for (now = 0; now <= 1000; now += 500) progress.update(now * 1e6, 3e9);
    for (now = 1500; now <= 12_000; now += 500) progress.update(1e9 + (now - 1000) * 1e3, 3e9);
    assert.match(io.stderr.text.trimEnd().split("\n").at(-1) ?? "", /1\.00 MB\/s/);
  });

  it("is a bar on a terminal, which is gone at the end", () => {
    const io = captureIo({ isTerminal: true });
    const progress = createProgress(io, plain);
    now = 0;
    progress.update(0, 4e9);
    now = 1000;
    progress.update(2e9, 4e9);
    progress.stop();
    assert.match(io.stderr.text, /█{15}░{15} {3}50 % {2}2\.00 GB of 4\.00 GB {2}2\.00 GB\/s/);
    assert.doesNotMatch(io.stderr.text, /\n$/);
  });

  it("gives way as soon as the user asks to stop", () => {
    const controller = new AbortController();
    const io = captureIo({ isTerminal: true, signal: controller.signal });
    const progress = createProgress(io, plain);
    progress.update(0, 4e9);
    controller.abort();
    const { length } = io.stderr.text;
    progress.update(3e9, 4e9);
    progress.stop();
    assert.equal(io.stderr.text.length, length);
  });

  it("is silent when asked to be quiet", () => {
    const io = captureIo({ isTerminal: true });
    const progress = createProgress(io, plain, true);
    progress.update(1, 2);
    progress.stop();
    assert.equal(io.stderr.text, "");
  });
});
