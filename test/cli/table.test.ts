import assert from "node:assert/strict";
import { renderTable } from "../../src/cli/table.ts";

describe("A table", () => {
  it("aligns its columns and never ends a line in spaces", () => {
    const rows = [
      ["attention", "16", "x"],
      ["head", "2", ""],
    ];
    assert.deepEqual(renderTable(rows, "lrl"), ["  attention  16  x", "  head        2"]);
  });

  it("pads before it paints, so that colours do not shift columns", () => {
    const paint = (text: string) => `<${text}>`;
    const rows = [
      [["a", paint] as const, "1"],
      [["long", paint] as const, "22"],
    ];
    assert.deepEqual(renderTable(rows, "lr", { indent: "" }), ["<a   >   1", "<long>  22"]);
  });

  it("wraps its last column to the width of the terminal", () => {
    const rows = [["name", "a sentence of several words that goes on and on"]];
    assert.deepEqual(renderTable(rows, "ll", { width: 40 }), [
      "  name  a sentence of several words that",
      "        goes on and on",
    ]);
  });
});
