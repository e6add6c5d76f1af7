import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import type { MergeOptions } from "../engine/options.ts";
import type { StreamOptions } from "../engine/stream/streamed-inputs.ts";
import { fetchFiles } from "../hub/fetch-files.ts";
import type { HubSettings } from "../hub/environment.ts";
import { HubInputs } from "../hub/hub-inputs.ts";
import { HubTransport } from "../hub/transport.ts";
import { partialName } from "../sink/names.ts";
import type { HubFile, ModelHeaders } from "../sources/types.ts";
import type { Step } from "./plan-step.ts";

const TOKEN_BYTES = 6;

/** Weights of models on the Hub that pass through a spool beside the output instead of being stored. */
export interface Streaming {
  readonly options: StreamOptions | undefined;
  /** Ends what is still on its way. */
  readonly stop: () => void;
}

/** How a step reads the weights that are not in the cache; at once from where they are, if that is asked for. */
export function streamingOf(
  { plan, models }: Step,
  shardPaths: readonly string[],
  { hub, noStore = false, signal }: MergeOptions,
): Streaming {
  const [shard] = shardPaths;
  const found = plan.models.map(({ reference, files }) => ({ hub: models.get(reference)?.hub, files }));
  const inputs = hub === undefined || !noStore ? undefined : new HubInputs(hub, found, signal);
  if (inputs?.any !== true || shard === undefined) return { options: undefined, stop: () => undefined };
  const name = partialName(randomBytes(TOKEN_BYTES).toString("hex"), 0, "spool");
  const options = { remote: inputs, spoolPath: join(dirname(shard), name) };
  return { options, stop: () => inputs.stop() };
}

/** Brings the small files of models into the cache, so that only weights are left to stream. */
export async function bringSmallFiles(
  hub: HubSettings,
  models: Iterable<ModelHeaders>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const wanted = [...models].flatMap((model) =>
    model.hub === undefined ? [] : [{ repository: model.hub, files: missingSmallFiles(model) }],
  );
  await fetchFiles(new HubTransport(hub), wanted, { signal });
}

function missingSmallFiles({ hub, files }: ModelHeaders): HubFile[] {
  const weights = new Set(files.map(({ name }) => name));
  const missing = new Set(hub?.missing.filter((name) => !weights.has(name)));
  return hub?.files.filter(({ name }) => missing.has(name)) ?? [];
}
