import { resolve } from "node:path";
import { fetchModels } from "../hub/pull.ts";
import { checkOutput } from "../sink/open.ts";
import { hubOrigins } from "../sources/types.ts";
import type { HubOrigin, ModelHeaders } from "../sources/types.ts";
import type { PlacedOptions } from "./out-folder.ts";
import type { Prepared } from "./prepare.ts";
import { bringSmallFiles } from "./stream.ts";
import { withModels, withTimes } from "./step-models.ts";

/** Brings what the merges need from the Hub into the cache, where they then read it as from any folder. */
export async function downloadModels(prepared: Prepared, options: PlacedOptions): Promise<Prepared> {
  const { hub, signal, onDownload } = options;
  const steps = [...prepared.intermediates, prepared.output];
  const models = new Map<string, ModelHeaders>(steps.flatMap((step) => [...step.models]));
  const remote = [...models].filter(([, model]) =>
    hubOrigins(model).some(({ missing }) => missing.length > 0),
  );
  if (hub === undefined || remote.length === 0) return prepared;
  // A refusal of the output must not come after hours of downloading for it.
  await checkOutput(resolve(options.cwd ?? ".", options.out), prepared.output, options.force ?? false);
  const noStore = options.noStore === true;
  if (noStore) await bringSmallFiles(hub, models.values(), signal);
  // Adapters are small and read many times: their weights are stored in any case.
  const wanted = remote.flatMap(([, model]) => (noStore ? (model.adapter?.hub ?? []) : hubOrigins(model)));
  const onFile = ({ name }: { name: string }) => options.onDownloaded?.(name);
  if (wanted.length > 0)
    await fetchModels(hub, withoutTwins(wanted), { signal, onProgress: onDownload, onFile });
  const here = new Map<string, ModelHeaders>();
  for (const [name, model] of remote) here.set(name, await withTimes(model));
  return {
    ...prepared,
    intermediates: prepared.intermediates.map((step) => withModels(step, here)),
    output: withModels(prepared.output, here),
  };
}

/** Several models may have the same adapter; a repository may also be a model and an adapter, with other files as each. */
function withoutTwins(origins: readonly HubOrigin[]): HubOrigin[] {
  const keyOf = ({ repository, revision, missing }: HubOrigin) =>
    JSON.stringify([repository, revision, missing]);
  return [...new Map(origins.map((origin) => [keyOf(origin), origin])).values()];
}
