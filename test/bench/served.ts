import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Content } from "../hub/server/content.ts";

/** A server in a process of its own, whose processor time is asked of it. */
interface Served {
  readonly url: string;
  /** Processor time so far (ms). */
  usedMs(): Promise<number>;
  stop(): void;
}

/** Handed to a socket at once: few and large, so that the server takes little of the time that it shares with its clients. */
export const SERVED_BYTES = 2 ** 22;

/** Starts a program that calls `serveUsage` when it is ready. */
export async function startServer(words: readonly string[]): Promise<Served> {
  const server = spawn(process.execPath, [...words], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const [url] = (await once(server, "message")) as [string];
  return {
    url,
    async usedMs() {
      server.send("usage");
      const [used] = (await once(server, "message")) as [number];
      return used;
    },
    stop: () => void server.kill(),
  };
}

/** Tells the parent process the address, and the processor time whenever it asks. */
export function serveUsage(url: string): void {
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send?.((user + system) / 1000);
  });
  process.send?.(url);
}

/** The content as it comes over a line of so many MB/s, which all connections share. */
export function throughLine(content: Content, megabytesPerSecond: number): Content {
  if (megabytesPerSecond === Infinity) return content;
  let freeAt = 0;
  return {
    ...content,
    async *read(begin, end) {
      for await (const piece of content.read(begin, end)) {
        const now = performance.now();
        freeAt = Math.max(now, freeAt) + piece.length / (megabytesPerSecond * 1e3);
        if (freeAt > now) await sleep(freeAt - now);
        yield piece;
      }
    },
  };
}
