import assert from "node:assert/strict";
import { parseSize } from "../../src/cli/size.ts";

describe("A size on the command line", () => {
  const sizes: Record<string, number> = {
    "1": 1,
    "4096": 4096,
    "8k": 8000,
    "8K": 8000,
    "500MB": 500_000_000,
    "500mb": 500_000_000,
    "5GB": 5_000_000_000,
    "5G": 5_000_000_000,
    "5B": 5_000_000_000,
    "5b": 5_000_000_000,
    "1.5GB": 1_500_000_000,
    "2TB": 2_000_000_000_000,
    "64KiB": 65_536,
    "1MiB": 1_048_576,
    "2GiB": 2_147_483_648,
    "1 MB": 1_000_000,
    " 3MB ": 3_000_000,
    "0.5k": 500,
  };
  for (const [text, bytes] of Object.entries(sizes)) {
    it(`reads "${text}" as ${bytes} bytes`, () => {
      assert.equal(parseSize(text), bytes);
    });
  }

  for (const text of [
    "",
    "0",
    "0.1",
    "-1",
    "5X",
    "GB",
    "5iB",
    "1e9",
    "5 G B",
    "1,5GB",
    "0x10",
    "99999999TB",
    "NaN",
  ]) {
    it(`refuses "${text}"`, () => {
      assert.equal(parseSize(text), undefined);
    });
  }
});
