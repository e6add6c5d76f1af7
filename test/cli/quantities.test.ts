import assert from "node:assert/strict";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatParameters,
  formatRate,
  plural,
} from "../../src/cli/quantities.ts";

describe("Quantities", () => {
  it("show bytes with three significant digits in decimal units", () => {
    const shown = [0, 325, 999, 1000, 2152, 99_949, 835_392, 999_499, 999_500, 4_176_960, 140e9].map(
      formatBytes,
    );
    assert.deepEqual(shown, [
      "0 B",
      "325 B",
      "999 B",
      "1.00 kB",
      "2.15 kB",
      "99.9 kB",
      "835 kB",
      "999 kB",
      "1.00 MB",
      "4.18 MB",
      "140 GB",
    ]);
  });

  it("show durations from hundredths of a second to hours", () => {
    const shown = [0, 0.214, 9.994, 9.995, 59.94, 59.95, 65, 119.6, 3599.4, 3599.6, 7380].map(formatDuration);
    assert.deepEqual(shown, [
      "0.00 s",
      "0.21 s",
      "9.99 s",
      "10.0 s",
      "59.9 s",
      "1 min 00 s",
      "1 min 05 s",
      "2 min 00 s",
      "59 min 59 s",
      "1 h 00 min",
      "2 h 03 min",
    ]);
  });

  it("show parameters as model names do", () => {
    assert.deepEqual([36, 206_820, 1_100_048_384, 70_553_706_496].map(formatParameters), [
      "36",
      "207K",
      "1.10B",
      "70.6B",
    ]);
  });

  it("group digits and form plurals", () => {
    assert.equal(formatCount(1_234_567), "1,234,567");
    assert.equal(plural(1, "tensor"), "1 tensor");
    assert.equal(plural(1200, "tensor"), "1,200 tensors");
    assert.equal(plural(2, "pass", "passes"), "2 passes");
  });

  it("show no rate when no time has passed", () => {
    assert.equal(formatRate(2e9, 2), "1.00 GB/s");
    assert.equal(formatRate(2e9, 0), "");
  });
});
