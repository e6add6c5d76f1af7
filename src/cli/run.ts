import { readFileSync } from "node:fs";
import type { Io } from "./io.ts";

/** Runs one command line (without "node stockpot") and gives its exit status; everything it prints goes to `io`. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  // Asked for by scripts and editors: answered before anything else is loaded.
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    io.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  const { runProgram } = await import("./program.ts");
  return runProgram(argv, io);
}

function packageVersion(): string {
  const text = readFileSync(new URL(import.meta.resolve("stockpot/package.json")), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
