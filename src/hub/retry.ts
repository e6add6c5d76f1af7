import { setTimeout as sleep } from "node:timers/promises";
import { InterruptedError } from "../errors.ts";
import type { TransferLimits } from "./limits.ts";

/** A failure that may pass: what it was, and how long the server asks to wait. */
export interface Again {
  readonly again: string;
  readonly afterMs?: number | undefined;
  /** Something arrived before it failed, so the count of failures starts anew. */
  readonly progressed?: boolean;
}

export type Attempt<T> = { readonly value: T } | Again;

/**
 * Repeats an attempt until it gives a value; pauses grow and are partly random, so that many clients do not come back
 * at once. After too many failures in a row, throws what `giveUp` makes of the last one.
 */
export async function retry<T>(
  attempt: () => Promise<Attempt<T>>,
  limits: TransferLimits,
  giveUp: (reason: string, attempts: number) => Error,
  signal?: AbortSignal,
): Promise<T> {
  for (let failures = 0; ;) {
    throwIfStopped(signal);
    const result = await attempt();
    if ("value" in result) return result.value;
    throwIfStopped(signal);
    failures = result.progressed === true ? 1 : failures + 1;
    if (failures >= limits.attempts) throw giveUp(result.again, failures);
    await pause(pauseMs(failures, result.afterMs, limits), signal);
  }
}

function pauseMs(failures: number, afterMs: number | undefined, limits: TransferLimits): number {
  const grown = limits.firstPauseMs * 2 ** (failures - 1);
  const jittered = grown / 2 + (Math.random() * grown) / 2;
  return Math.min(Math.max(jittered, afterMs ?? 0), limits.longestPauseMs);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
  throwIfStopped(signal);
}

export function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new InterruptedError("INTERRUPTED", "The run was stopped");
}

/** Reads Retry-After: seconds, or a date. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
