import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What one run of a program took. */
export interface Usage {
  readonly wallMs: number;
  readonly userMs: number;
  readonly systemMs: number;
  /** Peak resident memory; only known for Node programs. */
  readonly peakBytes?: number;
}

/** True if this system has the named command. */
export function hasCommand(name: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$1"', "sh", name]).status === 0;
}

const toMs = (minutes: string, seconds: string) => (Number(minutes) * 60 + Number(seconds)) * 1000;

/** Runs a line of shell with `args` as "$@"; processor time by the shell's own `times`. */
export function measureShell(line: string, args: readonly string[]): Usage {
  const start = performance.now();
  const result = spawnSync("sh", ["-c", `set -e; ${line}; times`, "sh", ...args], { encoding: "utf8" });
  const wallMs = performance.now() - start;
  if (result.status !== 0) throw new Error(`${line}: ${result.stderr}`);
  // `times` prints user and system time of the shell, then of its children: 0m0.10s 0m0.42s
  const children = /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/.exec(result.stdout);
  if (children === null) throw new Error(`unexpected output of times: ${result.stdout}`);
  const [, userMinutes = "", userSeconds = "", systemMinutes = "", systemSeconds = ""] = children;
  return {
    wallMs,
    userMs: toMs(userMinutes, userSeconds),
    systemMs: toMs(systemMinutes, systemSeconds),
  };
}

export interface NodeRun {
  readonly usage: Usage;
  readonly stdout: string;
}

/** Runs a Node program to its end; throws with its output if it fails. */
export function measureNode(args: readonly string[]): NodeRun {
  const folder = mkdtempSync(join(tmpdir(), "stockpot-usage-"));
  const path = join(folder, "usage.json");
  try {
    const reporter = new URL("./report-usage.js", import.meta.url).href;
    const start = performance.now();
    const result = spawnSync(process.execPath, ["--import", reporter, ...args], {
      encoding: "utf8",
      env: { ...process.env, STOCKPOT_BENCH_USAGE: path },
      maxBuffer: 2 ** 30,
    });
    const wallMs = performance.now() - start;
    if (result.status !== 0) {
      throw new Error(`${args.join(" ")}: exit status ${String(result.status)}\n${result.stderr}`);
    }
    const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(readFileSync(path, "utf8")) as {
      userCPUTime: number;
      systemCPUTime: number;
      maxRSS: number;
    };
    const usage = {
      wallMs,
      userMs: userCPUTime / 1000,
      systemMs: systemCPUTime / 1000,
      peakBytes: maxRSS * 1024,
    };
    return { usage, stdout: result.stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
