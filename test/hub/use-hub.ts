import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HubSettings } from "../../src/hub/environment.ts";
import type { TransferLimits } from "../../src/hub/limits.ts";
import { startHub } from "./server/server.ts";
import type { TestHub } from "./server/server.ts";
import type { HubOptions } from "./server/state.ts";

/** Pauses and time-outs that tests have time for. */
export const FAST: Partial<TransferLimits> = {
  firstPauseMs: 2,
  stallMs: 1500,
  staleLockMs: 300,
  attempts: 4,
};

interface UsedHub {
  readonly hub: TestHub;
  /** An empty cache of its own for each call. */
  readonly settings: (more?: Partial<HubSettings>) => Promise<HubSettings>;
}

/** Gives the surrounding suite a Hub on this machine, and caches that are removed when it ends. */
export function useHub(options?: HubOptions): UsedHub {
  let hub: TestHub | undefined;
  const folders: string[] = [];
  before(async () => {
    hub = await startHub(options);
  });
  after(async () => {
    await hub?.close();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });
  const started = () => hub ?? failNow();
  return {
    get hub() {
      return started();
    },
    settings: async (more) => {
      const cacheFolder = await mkdtemp(join(tmpdir(), "stockpot-hub-"));
      folders.push(cacheFolder);
      return { endpoint: started().url, cacheFolder, offline: false, limits: FAST, ...more };
    },
  };
}

function failNow(): never {
  throw new Error("the Hub has not been started");
}
