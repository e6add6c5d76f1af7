/**
 * Merges three models by Model Stock from disk and, without storing them, from a Hub on this machine, in turns:
 * node scripts/run.mjs dist/test/bench/hub-stream.js [rounds]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCheckpoints, SIZES } from "./checkpoints.ts";
import { SERVED_BYTES, serveUsage, startServer } from "./served.ts";
import { measureNode, median } from "../fixtures/measure.ts";
import { PROGRAM } from "../fixtures/program.ts";
import { contentOf } from "../hub/server/content.ts";
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
      "model.safetensors": contentOf(readFileSync(join(folder, model, "model.safetensors")), SERVED_BYTES),
    });
  }
  serveUsage(hub.url);
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
  const server = await startServer(["dist/test/bench/hub-stream.js", "serve", folder]);
  process.env["HF_ENDPOINT"] = server.url;
  process.env["HF_HOME"] = join(folder, "home");
  try {
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const disk = merge(folder, [local]);
      const before = await server.usedMs();
      const stream = merge(folder, [remote, "--no-store"]);
      const serverMs = (await server.usedMs()) - before;
      ratios.push(stream.wallMs / disk.wallMs);
      process.stdout.write(
        `from disk ${show(disk.wallMs)} (processor ${show(disk.usedMs)}), ` +
          `streamed ${show(stream.wallMs)} (processor ${show(stream.usedMs)}, server ${show(serverMs)})\n`,
      );
    }
    process.stdout.write(`median of the ratios ${median(ratios).toFixed(2)}\n`);
  } finally {
    server.stop();
    rmSync(folder, { recursive: true });
  }
}

function show(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function merge(folder: string, words: readonly string[]): { wallMs: number; usedMs: number } {
  const [recipe = "", ...flags] = words;
  const out = join(folder, "out");
  const command = [PROGRAM, "merge", recipe, out, "--quiet", "--no-lock", ...flags];
  const { wallMs, userMs, systemMs } = measureNode(command).usage;
  rmSync(out, { recursive: true, force: true });
  return { wallMs, usedMs: userMs + systemMs };
}
