import type { PlanOptions } from "../engine/options.ts";
import { fetchFiles } from "../hub/fetch-files.ts";
import { HubTransport } from "../hub/transport.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { READ_FILES } from "./tokenizers.ts";

/** Brings those small files of models on the Hub into the cache that planning reads as a whole. */
export async function bringTexts(
  models: Iterable<ModelHeaders>,
  { hub, signal }: PlanOptions,
): Promise<void> {
  if (hub === undefined) return;
  const wanted = [...models].flatMap(({ hub: origin }) => {
    if (origin === undefined) return [];
    const missing = new Set(origin.missing.filter((name) => READ_FILES.includes(name)));
    const files = origin.files.filter(({ name }) => missing.has(name));
    return files.length === 0 ? [] : [{ repository: origin, files }];
  });
  if (wanted.length > 0) await fetchFiles(new HubTransport(hub), wanted, { signal });
}
