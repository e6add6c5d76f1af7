import { resolve } from "node:path";
import { fetchModels } from "../hub/pull.ts";
import { checkOutput } from "../sink/open.ts";
import type { ModelHeaders } from "../sources/types.ts";
import type { PlacedOptions } from "./out-folder.ts";
import type { Prepared } from "./prepare.ts";
import { bringSmallFiles } from "./stream.ts";
import { withModels, withTimes } from "./step-models.ts";

/** Brings what the merges need from the Hub into the cache, where they then read it as from any folder. */
export async function downloadModels(prepared: Prepared, options: PlacedOptions): Promise<Prepared> {
  const { hub, signal, onDownload } = options;
  const steps = [...prepared.intermediates, prepared.output];
  const models = new Map<string, ModelHeaders>(steps.flatMap((step) => [...step.models]));
  const remote = [...models].filter(([, { hub: origin }]) => (origin?.missing.length ?? 0) > 0);
  if (hub === undefined || remote.length === 0) return prepared;
  const origins = remote.flatMap(([, model]) => model.hub ?? []);
  // A refusal of the output must not come after hours of downloading for it.
  await checkOutput(resolve(options.cwd ?? ".", options.out), prepared.output, options.force ?? false);
  if (options.noStore === true) {
    await bringSmallFiles(hub, models.values(), signal);
    return prepared;
  }
  await fetchModels(hub, origins, {
    signal,
    onProgress: onDownload,
    onFile: ({ name }) => options.onDownloaded?.(name),
  });
  const here = new Map<string, ModelHeaders>();
  for (const [name, model] of remote) here.set(name, await withTimes(model));
  return {
    ...prepared,
    intermediates: prepared.intermediates.map((step) => withModels(step, here)),
    output: withModels(prepared.output, here),
  };
}
