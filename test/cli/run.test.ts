import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { METHODS } from "../../src/index.ts";
import { runCli } from "./captured-io.ts";

const usageErrors: readonly (readonly [title: string, argv: string[], message: RegExp, hint: RegExp])[] = [
  ["an unknown command", ["methdos"], /Unknown command 'methdos'/, /Did you mean methods\?/],
  ["an unknown flag", ["methods", "--debgu"], /Unknown option '--debgu'/, /Did you mean --debug\?/],
  ["too many arguments", ["methods", "a", "b"], /Too many arguments/, /"stockpot methods --help" explains/],
  ["an unknown method", ["methods", "slurp"], /"slurp" is not a merge method/, /model_stock, linear/],
  ["a misspelt method", ["methods", "tise"], /method\. Did you mean "ties"\?/, /model_stock, linear/],
];

describe("The command line", () => {
  it("prints the version of package.json", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    for (const flag of ["--version", "-V"]) {
      assert.deepEqual(await runCli([flag]), { status: 0, stdout: `${version}\n`, stderr: "" });
    }
  });

  it("explains itself with --help on standard output", async () => {
    const { status, stdout, stderr } = await runCli(["--help"]);
    assert.equal(status, 0);
    assert.match(stdout, /Usage: stockpot/);
    assert.match(stdout, /Exit status:\n +0 {2}done\n +1 {2}a defect/);
    assert.equal(stderr, "");
  });

  it("shows the help on standard error when it is given nothing to do", async () => {
    const { status, stdout, stderr } = await runCli([]);
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /Usage: stockpot/);
  });

  for (const [title, argv, message, hint] of usageErrors) {
    it(`answers ${title} with what is nearest, and status 2`, async () => {
      const { status, stdout, stderr } = await runCli(argv);
      assert.equal(status, 2);
      assert.match(stderr, /^USAGE {2}/);
      assert.match(stderr, message);
      assert.match(stderr, hint);
      assert.equal(stdout, "");
    });
  }

  it("colours on a terminal, and not with --no-color", async () => {
    const escape = String.fromCharCode(27);
    const argv = ["methods"];
    assert.ok((await runCli(argv, { isTerminal: true })).stdout.includes(escape));
    assert.ok(!(await runCli([...argv, "--no-color"], { isTerminal: true })).stdout.includes(escape));
    assert.ok(!(await runCli(argv)).stdout.includes(escape));
  });
});

describe("stockpot methods", () => {
  it("lists every method with its summary", async () => {
    const { stdout } = await runCli(["methods"]);
    for (const { name, summary } of METHODS) {
      assert.ok(stdout.includes(name) && stdout.replaceAll(/\s+/g, " ").includes(summary), name);
    }
  });

  for (const { name, formula, parameters } of METHODS) {
    it(`explains ${name}: formula, parameters and a recipe`, async () => {
      const { status, stdout } = await runCli(["methods", name]);
      assert.equal(status, 0);
      assert.ok(stdout.includes(formula));
      for (const parameter of Object.keys(parameters as object))
        assert.match(stdout, new RegExp(`^  ${parameter} `, "m"));
      assert.ok(stdout.includes(`merge_method: ${name}`));
    });
  }
});
