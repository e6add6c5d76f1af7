/**
 * Pulls a model from a Hub on this machine and compares the time with that of curl for the same file:
 * node scripts/run.mjs dist/test/bench/hub.js [MB] [rounds]
 */
import { spawn, spawnSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROGRAM } from "../fixtures/program.ts";
import { contentOfFile } from "../hub/server/content.ts";
import { startHub } from "../hub/server/server.ts";

const MODEL = "bench/model";

if (process.argv[2] === "serve") await serve(process.argv[3] ?? "");
else await compare(Number(process.argv[2] ?? 1000), Number(process.argv[3] ?? 5));

async function serve(file: string): Promise<void> {
  const hub = await startHub();
  hub.commit(MODEL, { "model.safetensors": await contentOfFile(file), "config.json": "{}" });
  process.stdout.write(`${hub.url}\n`);
}

async function compare(megabytes: number, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "stockpot-bench-"));
  const file = join(folder, "file");
  writeRandom(file, megabytes);
  const server = spawn(process.execPath, ["dist/test/bench/hub.js", "serve", file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const url = await new Promise<string>((resolve) =>
      server.stdout.once("data", (text) => resolve(String(text).trim())),
    );
    const curl: number[] = [];
    const pull: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const target = join(folder, "curl");
      curl.push(seconds("curl", ["-sfL", "-o", target, `${url}/${MODEL}/resolve/main/model.safetensors`]));
      rmSync(target);
      const environment = { HF_ENDPOINT: url, HF_HOME: join(folder, "home") };
      // By pattern: the file is no model.
      const words = [PROGRAM, "pull", MODEL, "--quiet", "--include", "*"];
      pull.push(seconds(process.execPath, words, environment));
      rmSync(join(folder, "home"), { recursive: true });
    }
    report("median", megabytes, median(curl), median(pull));
    report("best", megabytes, Math.min(...curl), Math.min(...pull));
  } finally {
    server.kill();
    rmSync(folder, { recursive: true });
  }
}

function report(what: string, megabytes: number, curl: number, pull: number): void {
  const rate = (each: number) => `${(megabytes / each).toFixed(0)} MB/s`;
  process.stdout.write(
    `${what} of ${megabytes} MB: curl ${rate(curl)}, stockpot pull ${rate(pull)}, ratio ${(curl / pull).toFixed(2)}\n`,
  );
}

function writeRandom(file: string, megabytes: number): void {
  const descriptor = openSync(file, "w");
  const bytes = new Uint8Array(1e6);
  for (let k = 0; k < megabytes; k++) writeSync(descriptor, randomFillSync(bytes));
  closeSync(descriptor);
}

function seconds(
  command: string,
  words: readonly string[],
  environment: Record<string, string> = {},
): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(command, words, {
    env: { ...process.env, ...environment },
    encoding: "utf8",
  });
  if (status !== 0) process.stderr.write(`${command} failed: ${stderr}\n`);
  return (performance.now() - started) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
