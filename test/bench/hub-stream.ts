/**
 * Merges three models by Model Stock from disk and, without storing them, from a Hub on this machine, in turns:
 * node scripts/run.mjs dist/test/bench/hub-stream.js [rounds]
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCheckpoints, SIZES } from "./checkpoints.ts";
import { PROGRAM } from "../fixtures/program.ts";
import { contentOfFile } from "../hub/server/content.ts";
import { startHub } from "../hub/server/server.ts";

const MODELS = ["base", "ft1", "ft2"];
/** 0.55 GB each. */
const SIZE = "0.3B";

if (process.argv[2] === "serve") await serve(process.argv[3] ?? "");
else await compare(Number(process.argv[2] ?? 5));

async function serve(folder: string): Promise<void> {
  const hub = await startHub();
  for (const model of MODELS) {
    hub.commit(`org/${model}`, {
      "config.json": "{}",
      "model.safetensors": await contentOfFile(join(folder, model, "model.safetensors")),
    });
  }
  process.stdout.write(`${hub.url}\n`);
}

async function compare(rounds: number): Promise<void> {
  const shape = SIZES[SIZE];
  if (shape === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), "stockpot-bench-"));
  makeCheckpoints(folder, SIZE, shape, 1);
  const recipe = (prefix: string) => {
    const path = join(folder, `recipe-${prefix.length}.yml`);
    const models = MODELS.slice(1).map((model) => `  - model: ${prefix}${model}\n`);
    writeFileSync(path, `merge_method: model_stock\nbase_model: ${prefix}base\nmodels:\n${models.join("")}`);
    return path;
  };
  const [local, remote] = [recipe(""), recipe("org/")];
  const words = ["dist/test/bench/hub-stream.js", "serve", folder];
  const server = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const url = await new Promise<string>((resolve) =>
      server.stdout.once("data", (text) => resolve(String(text).trim())),
    );
    const environment = { HF_ENDPOINT: url, HF_HOME: join(folder, "home") };
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const disk = seconds(folder, [local], environment);
      const stream = seconds(folder, [remote, "--no-store"], environment);
      ratios.push(stream / disk);
      process.stdout.write(`from disk ${disk.toFixed(2)} s, streamed ${stream.toFixed(2)} s\n`);
    }
    const median = ratios.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? NaN;
    process.stdout.write(`median of the ratios ${median.toFixed(2)}\n`);
  } finally {
    server.kill();
    rmSync(folder, { recursive: true });
  }
}

function seconds(folder: string, words: readonly string[], environment: Record<string, string>): number {
  const [recipe = "", ...flags] = words;
  const out = join(folder, "out");
  const started = performance.now();
  const command = [PROGRAM, "merge", recipe, out, "--quiet", "--no-lock", ...flags];
  const options = { env: { ...process.env, ...environment }, encoding: "utf8" } as const;
  const { status, stderr } = spawnSync(process.execPath, command, options);
  const took = (performance.now() - started) / 1000;
  if (status !== 0) process.stderr.write(`${command.join(" ")} failed: ${stderr}\n`);
  rmSync(out, { recursive: true, force: true });
  return took;
}
