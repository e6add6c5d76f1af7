import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { reportSchema } from "../../src/report/report-types.ts";

describe("The schema of reports", () => {
  const validate = new Ajv({ allErrors: true }).compile(reportSchema());
  const sample = () => JSON.parse(readFileSync("test/fixtures/report/report.json", "utf8")) as object;

  it("accepts a report with everything in it", () => {
    validate(sample());
    assert.deepEqual(validate.errors, null);
  });

  it("refuses unknown keys, missing keys and wrong types, at any depth", () => {
    const wrong = { ...sample(), verdict: { headline: 3, extra: true } };
    validate(wrong);
    const found = (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
    assert.deepEqual(found.sort(), [
      "/verdict additionalProperties",
      "/verdict required",
      "/verdict/headline type",
    ]);
  });

  it("is the schema in schemas/", () => {
    assert.deepEqual(JSON.parse(readFileSync("schemas/report.schema.json", "utf8")), reportSchema());
  });
});
