import type { Numbers } from "./program.ts";
import type { Report } from "./protocol.ts";

/** Sums reported numbers, so that rows give a mean. */
export class ReportSum {
  readonly numbers: Record<string, { count: number; sum: number }> = {};

  add(values: Numbers): void {
    for (const [name, value] of Object.entries(values)) this.#addSum(name, 1, value);
  }

  merge(report: Report): void {
    for (const [name, { count, sum }] of Object.entries(report)) this.#addSum(name, count, sum);
  }

  #addSum(name: string, count: number, sum: number): void {
    const known = (this.numbers[name] ??= { count: 0, sum: 0 });
    known.count += count;
    known.sum += sum;
  }

  means(): Numbers {
    return Object.fromEntries(
      Object.entries(this.numbers).map(([name, { count, sum }]) => [name, sum / count]),
    );
  }
}
