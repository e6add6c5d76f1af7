/**
 * Pulls a model from a Hub on this machine and compares time and processor time with those of curl for the same file:
 * node scripts/run.mjs dist/test/bench/hub.js [MB, up to 2000] [rounds] [MB/s of the line]
 */
import { randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROGRAM } from "../fixtures/program.ts";
import { contentOf } from "../hub/server/content.ts";
import { startHub } from "../hub/server/server.ts";
import { measureNode, measureShell, median } from "../fixtures/measure.ts";
import type { Usage } from "../fixtures/measure.ts";
import { SERVED_BYTES, serveUsage, startServer, throughLine } from "./served.ts";

const MODEL = "bench/model";
const RANDOM_BYTES = 1e6;

interface Measured extends Usage {
  /** Of the server, meanwhile. */
  readonly serverMs: number;
}

const [first, second, third] = process.argv.slice(2);
if (first === "serve") await serve(Number(second), Number(third));
else await compare(Number(first ?? 1500), Number(second ?? 5), Number(third ?? Infinity));

async function serve(megabytes: number, rate: number): Promise<void> {
  const hub = await startHub();
  const file = Buffer.allocUnsafe(megabytes * RANDOM_BYTES);
  for (let at = 0; at < file.length; at += RANDOM_BYTES) randomFillSync(file.subarray(at, at + RANDOM_BYTES));
  hub.commit(MODEL, {
    "model.safetensors": throughLine(contentOf(file, SERVED_BYTES), rate),
    "config.json": "{}",
  });
  serveUsage(hub.url);
}

async function compare(megabytes: number, rounds: number, rate: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "stockpot-bench-"));
  const server = await startServer(["dist/test/bench/hub.js", "serve", String(megabytes), String(rate)]);
  const file = `${server.url}/${MODEL}/resolve/main/model.safetensors`;
  const copy = join(folder, "copy");
  process.env["HF_ENDPOINT"] = server.url;
  process.env["HF_HOME"] = join(folder, "home");
  const programs: Readonly<Record<string, () => Usage>> = {
    "curl into a file": () => measureShell('curl -sfL -o "$2" "$1"', [file, copy]),
    "the same, and SHA-256": () =>
      measureShell('curl -sfL "$1" | tee "$2" | openssl dgst -sha256 > /dev/null', [file, copy]),
    // By pattern: the file is no model.
    "stockpot pull": () => measureNode([PROGRAM, "pull", MODEL, "--quiet", "--include", "*"]).usage,
  };
  const measured = new Map<string, Measured[]>(Object.keys(programs).map((name) => [name, []]));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [name, run] of Object.entries(programs)) {
        const before = await server.usedMs();
        const usage = run();
        measured.get(name)?.push({ ...usage, serverMs: (await server.usedMs()) - before });
        for (const left of [copy, join(folder, "home")]) rmSync(left, { recursive: true, force: true });
      }
    }
    report(measured, megabytes);
  } finally {
    server.stop();
    rmSync(folder, { recursive: true });
  }
}

function report(measured: ReadonlyMap<string, readonly Measured[]>, megabytes: number): void {
  const gigabytes = megabytes / 1000;
  const [reference] = [...measured.values()].map((each) => median(each.map(({ wallMs }) => wallMs)));
  for (const [name, usages] of measured) {
    const wallMs = median(usages.map((usage) => usage.wallMs));
    const rates = usages.map((usage) => (megabytes / usage.wallMs) * 1000).sort((a, b) => a - b);
    const perGigabyte = (pick: (usage: Measured) => number) =>
      `${(median(usages.map(pick)) / 1000 / gigabytes).toFixed(2)} s`;
    process.stdout.write(
      `${name}: ${((megabytes / wallMs) * 1000).toFixed(0)} MB/s (${rates.map((rate) => rate.toFixed(0)).join(", ")}), ` +
        `${((reference ?? NaN) / wallMs).toFixed(2)} x; for a gigabyte ` +
        `${perGigabyte(({ userMs, systemMs }) => userMs + systemMs)} of processor time, ` +
        `${perGigabyte(({ serverMs }) => serverMs)} of the server\n`,
    );
  }
}
