import assert from "node:assert/strict";
import { reportError } from "../../src/cli/report-error.ts";
import { createStyle } from "../../src/cli/style.ts";
import { RecipeError, SourceError } from "../../src/index.ts";
import type { Problem } from "../../src/index.ts";
import { captureIo } from "./captured-io.ts";

const at = (line: number, column: number) => ({ file: "r.yml", line, column });
const PROBLEMS: readonly Problem[] = [
  {
    code: "RECIPE_UNKNOWN_PARAMETER",
    severity: "error",
    message: '"wieght" is not a parameter of linear.',
    position: at(9, 7),
    frame: "   9 |       wieght: 0.5\n     |       ^^^^^^",
    hint: 'Did you mean "weight"?',
  },
  { code: "RECIPE_UNKNOWN_KEY", severity: "warning", message: '"notes" is not a key.', position: at(12, 1) },
];

function report(error: unknown, display: { json?: boolean; debug?: boolean } = {}) {
  const io = captureIo();
  const status = reportError(error, io, { style: createStyle(false), json: false, debug: false, ...display });
  return { status, stdout: io.stdout.text, stderr: io.stderr.text };
}

describe("An error on the command line", () => {
  it("shows every problem with place, frame and hint, and counts them", () => {
    const { status, stdout, stderr } = report(
      new RecipeError("RECIPE_UNKNOWN_PARAMETER", "2", { problems: PROBLEMS }),
    );
    assert.equal(
      stderr,
      [
        'r.yml:9:7  RECIPE_UNKNOWN_PARAMETER  "wieght" is not a parameter of linear.',
        "   9 |       wieght: 0.5",
        "     |       ^^^^^^",
        '  Did you mean "weight"?',
        'r.yml:12:1  RECIPE_UNKNOWN_KEY  "notes" is not a key.',
        "1 error, 1 warning",
        "",
      ].join("\n"),
    );
    assert.equal(stdout, "");
    assert.equal(status, 3);
  });

  it("shows place, code, message and hint of an error without a list of problems", () => {
    const error = new SourceError("SOURCE_NOT_FOUND", "There is no such folder.", {
      where: "./bse",
      hint: "./base is.",
    });
    const { status, stderr } = report(error);
    assert.equal(stderr, "./bse  SOURCE_NOT_FOUND  There is no such folder.\n  ./base is.\n");
    assert.equal(status, 4);
  });

  it("calls anything unforeseen a defect, and shows no stack trace", () => {
    const { status, stderr } = report(new TypeError("x is undefined"));
    assert.match(stderr, /^INTERNAL {2}x is undefined\n {2}A defect in Stockpot: .*--debug/);
    assert.doesNotMatch(stderr, /\n +at /);
    assert.equal(status, 1);
  });

  it("shows the stack trace with --debug, and that of the cause", () => {
    const cause = new TypeError("the cause");
    const { stderr } = report(new SourceError("SOURCE_UNREADABLE", "cannot read", { cause }), {
      debug: true,
    });
    assert.match(stderr, /SourceError: cannot read\n +at /);
    assert.match(stderr, /caused by\nTypeError: the cause\n +at /);
  });

  it("is also a document on standard output with --json", () => {
    const { stdout } = report(
      new RecipeError("RECIPE_UNKNOWN_PARAMETER", "2 problems", { problems: PROBLEMS }),
      {
        json: true,
      },
    );
    assert.deepEqual(JSON.parse(stdout), {
      error: { code: "RECIPE_UNKNOWN_PARAMETER", message: "2 problems", problems: PROBLEMS },
    });
  });
});
