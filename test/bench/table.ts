import { cpus, loadavg, release, totalmem } from "node:os";
import { median } from "../fixtures/measure.ts";
import type { Usage } from "../fixtures/measure.ts";
import type { Contestant, Measurements, Target } from "./rounds.ts";

const seconds = (ms: number) => (ms / 1000).toFixed(2);
const middle = (runs: readonly Usage[], of: (usage: Usage) => number) => median(runs.map(of));
const wall = (runs: readonly Usage[]) => middle(runs, ({ wallMs }) => wallMs);

/** One line on the machine, how busy it is, and Node, without which a figure means nothing. */
export function machineLine(): string {
  const cores = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  const model = cores[0]?.model.trim() ?? "unknown processor";
  const system = `${process.platform} ${release()} ${process.arch}`;
  const load = `load ${(loadavg()[0] ?? NaN).toFixed(1)}`;
  return `${String(cores.length)} x ${model}, ${memory}, ${system}, Node ${process.version}, ${load}`;
}

function markdown(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(head), rule, ...rows.slice(1).map(line)].join("\n");
}

function usageCells(runs: readonly Usage[]): string[] {
  const walls = runs.map(({ wallMs }) => wallMs);
  const peak = median(runs.map(({ peakBytes }) => peakBytes ?? NaN));
  return [
    seconds(median(walls)),
    `${seconds(Math.min(...walls))}-${seconds(Math.max(...walls))}`,
    seconds(middle(runs, ({ userMs }) => userMs)),
    seconds(middle(runs, ({ systemMs }) => systemMs)),
    Number.isNaN(peak) ? "" : (peak / 2 ** 20).toFixed(0),
  ];
}

/** `cat` of what the passes read, plus `cp` of one model: the time that moving the bytes takes other programs. */
function referenceMs(contestant: Contestant, measured: Measurements, target: Target, inputBytes: number) {
  const copies = measured.copies.get(target.name);
  if (copies === undefined) return undefined;
  return wall(measured.cat) * (contestant.readBytes / inputBytes) + wall(copies);
}

/** Medians over the rounds, as a Markdown table. */
export function resultTable(
  measured: Measurements,
  contestants: readonly Contestant[],
  targets: readonly Target[],
  inputBytes: number,
): string {
  const rows = [
    ["what", "output", "wall s", "min-max", "user s", "system s", "peak MiB", "ratio to cat + cp"],
  ];
  if (measured.cat.length > 0) {
    rows.push(["cat of the inputs", "/dev/null", ...usageCells(measured.cat), ""]);
  }
  for (const target of targets) {
    const copies = measured.copies.get(target.name);
    if (copies !== undefined) rows.push(["cp of one model", target.name, ...usageCells(copies), ""]);
    for (const contestant of contestants) {
      const runs = measured.merges.get(target.name)?.get(contestant.method) ?? [];
      const reference = referenceMs(contestant, measured, target, inputBytes);
      const times = (contestant.readBytes / inputBytes).toFixed(2).replace(/\.?0+$/, "");
      const ratio =
        reference === undefined ? "" : `${(wall(runs) / reference).toFixed(2)} x (${times} cat + cp)`;
      const passes = contestant.passes === 1 ? "1 pass" : `${String(contestant.passes)} passes`;
      rows.push([`${contestant.method} (${passes})`, target.name, ...usageCells(runs), ratio]);
    }
  }
  return markdown(rows);
}
