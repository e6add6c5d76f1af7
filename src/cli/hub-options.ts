import { hubSettings } from "../index.ts";
import type { HubSettings } from "../index.ts";
import type { Context } from "./command.ts";

/** Where models of the Hub come from, by the environment and the flags. */
export async function hubOf({ io, options }: Pick<Context, "io" | "options">): Promise<HubSettings> {
  const { offline, transformersCache: cacheFolder } = options;
  return await hubSettings(io.environment, { offline, cacheFolder });
}
