import { readdirSync, readFileSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeCached } from "./write-cache.ts";
import { startHub, WRITE_TOKEN } from "./server/server.ts";

const MODEL = "demo/glyphs/base";

export interface DocumentedHub {
  /** Makes the repositories that a command of the docs names, and gives the arguments and environment to run it with. */
  prepare(args: readonly string[]): Promise<{ args: string[]; environment: Record<string, string> }>;
  close(): Promise<void>;
}

/** A Hub for the commands that the docs show: every repository that they name is there, and holds a small model. */
export async function startDocumentedHub(home: string): Promise<DocumentedHub> {
  const hub = await startHub();
  const names = readdirSync(MODEL).filter((name) => statSync(join(MODEL, name)).isFile());
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(MODEL, name))]));
  return {
    prepare: async (args) => {
      const cache = join(home, "hub");
      await rm(cache, { recursive: true, force: true });
      for (const argument of args) {
        const [id = "", branch = "main"] = argument.split("@");
        if (!/^[\w-]+\/[\w.-]+$/.test(id)) continue;
        const commit = hub.commit(id, files, { branch, private: true });
        if (args[0] === "cache") await writeCached(cache, id, { commit, ref: branch, files });
      }
      const environment = { HF_ENDPOINT: hub.url, HF_HOME: home, HF_TOKEN: WRITE_TOKEN };
      return { args: args.map((argument) => (argument === "merged" ? MODEL : argument)), environment };
    },
    close: () => hub.close(),
  };
}
