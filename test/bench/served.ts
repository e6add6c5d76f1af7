import { spawn } from "node:child_process";
import { once } from "node:events";

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
