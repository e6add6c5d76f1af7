import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { readElsewhere } from "../../src/compare/elsewhere.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";

const position = { file: "recipe.yml", line: 3, column: 5 };
const NO_ROLES = new Map<string, "in distribution" | "shift">();

describe("Results measured elsewhere", () => {
  const inFolder = useTemporaryFolder();
  const read = async (text: string, roles: Parameters<typeof readElsewhere>[2] = NO_ROLES) => {
    await writeFile(inFolder("results.jsonl"), text);
    return await readElsewhere([{ name: "results.jsonl", position }], [inFolder(".")], roles);
  };

  it("have the published means over the five shifts of ImageNet", async () => {
    const rows = await readElsewhere(
      [{ name: "published.jsonl", position }],
      ["test/fixtures/report"],
      NO_ROLES,
    );
    // The last column of the tables in the model-soups repository and the authors' notebooks.
    assert.deepEqual(
      rows.map(({ name, underShift }) => [name, ((underShift?.accuracy ?? NaN) * 100).toFixed(2)]),
      [
        ["best individual (held-out)", "47.97"],
        ["uniform soup", "51.58"],
        ["greedy soup", "50.86"],
        ["Model Stock, post hoc", "52.69"],
        ["Model Stock, released weights", "50.99"],
        ["Model Stock*, released weights", "48.82"],
      ],
    );
    assert.ok(rows.every(({ kind, inDistribution }) => kind === "elsewhere" && inDistribution?.splits === 1));
    assert.ok(rows.every(({ underShift }) => underShift?.interval === undefined));
  });

  it("stand under the roles that the data give to splits of their names", async () => {
    const roles = new Map([
      ["id", "in distribution"],
      ["odd", "shift"],
    ] as const);
    const [row] = await read(
      '{"name": "m", "scores": {"id": 0.5, "odd": {"correct": 1, "examples": 8}, "val": 1}}',
      roles,
    );
    assert.equal(row?.inDistribution?.accuracy, 0.5);
    assert.equal(row.underShift?.accuracy, 0.125);
    assert.ok((row.underShift.interval?.high ?? 0) > 0.4);
    assert.equal(row.source, "results.jsonl");
  });

  it("may have the form of Model Soups' own files", async () => {
    const [row] = await read('{"ImageNet2p": 0.8, "ImageNet": 0.79, "model_name": "model_5"}\n\n');
    assert.equal(row?.name, "model_5");
    assert.deepEqual(
      row.scores.map(({ split, accuracy }) => [split, accuracy]),
      [
        ["ImageNet2p", 0.8],
        ["ImageNet", 0.79],
      ],
    );
  });

  for (const [what, line, message] of [
    ["no JSON", "{", /results\.jsonl:1: not JSON/],
    ["no name", '{"scores": {"a": 1}}', /"name" is missing/],
    ["no scores", '{"name": "m"}', /"scores" is missing/],
    [
      "more right answers than examples",
      '{"name": "m", "scores": {"a": {"correct": 9, "examples": 8}}}',
      /"a" is neither/,
    ],
    ["an accuracy above 100 %", '{"name": "m", "scores": {"a": 101}}', /"a" is neither/],
    [
      "a role that names no splits",
      '{"name": "m", "scores": {"a": 1}, "shift": 3}',
      /"shift" is a split's name/,
    ],
  ] as const) {
    it(`are refused by line with ${what}`, async () => {
      await assert.rejects(read(line), { code: "EVALUATE_RESULTS", message });
    });
  }
});
