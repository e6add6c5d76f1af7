import { HashPool } from "../engine/hash-pool.ts";
import type { HashOptions } from "../engine/hash-pool.ts";
import { SourceError } from "../errors.ts";
import type { LockedFile, LockedInput } from "../lock/lock-file.ts";
import { fingerprintsOf, originOf } from "../sources/fingerprint.ts";
import type { Fingerprint } from "../sources/fingerprint.ts";
import { withoutTokens } from "../lock/secrets.ts";
import type { AdapterOrigin, ModelHeaders } from "../sources/types.ts";
import type { Step } from "./plan-step.ts";

/** A model that is read from a folder, and the role it has in any of the merges. */
interface InputModel {
  readonly headers: ModelHeaders;
  readonly role: "base" | "model";
}

/** The models of all steps that are no results of others, once each. */
export function inputModels(steps: readonly Step[]): InputModel[] {
  const results = new Set(steps.flatMap(({ recipe }) => recipe.name ?? []));
  const found = new Map<string, InputModel>();
  for (const { plan, models } of steps) {
    for (const { reference, role } of plan.models) {
      const headers = models.get(reference);
      const isBase = role === "base" || found.get(reference)?.role === "base";
      if (headers !== undefined && !(steps.length > 1 && results.has(reference)))
        found.set(reference, { headers, role: isBase ? "base" : "model" });
    }
  }
  return [...found.values()];
}

/**
 * What the lock file says of the models. Small files and headers are read for it; to `hash` all weights means those too,
 * whose digests must then be what the Hub or their names in its cache say; "unlisted" are those that the Hub does not list.
 */
export async function lockInputs(
  models: readonly InputModel[],
  hash: "all" | "unlisted" | "none",
  options: HashOptions,
): Promise<LockedInput[]> {
  const found: { model: InputModel; files: Fingerprint[] }[] = [];
  for (const model of models) found.push({ model, files: await fingerprintsOf(model.headers) });
  const weights = found.flatMap(({ files }) => files.filter(({ isWeights }) => isWeights));
  const toHash = hash === "all" ? weights : weights.filter(({ isListed }) => isListed !== true);
  const digests = hash === "none" ? new Map<string, string>() : await hashWhole(toHash, options);
  return await Promise.all(
    found.map(async ({ model: { headers, role }, files }) => ({
      reference: withoutTokens(headers.reference),
      role,
      ...(await originOf(headers)),
      ...(headers.adapter && { adapter: await lockedAdapter(headers.adapter) }),
      files: files.map((file) => lockedFile(file, digests.get(file.path))),
    })),
  );
}

async function lockedAdapter(adapter: AdapterOrigin): Promise<NonNullable<LockedInput["adapter"]>> {
  return { reference: withoutTokens(adapter.reference), ...(await originOf(adapter)) };
}

function lockedFile(
  { name, byteLength, oid, headerSha256, ...file }: Fingerprint,
  digest?: string,
): LockedFile {
  const sha256 = file.sha256 ?? digest;
  return {
    name,
    byteLength,
    ...(sha256 !== undefined ? { sha256 } : headerSha256 !== undefined && { headerSha256 }),
    ...(oid !== undefined && { oid }),
  };
}

async function hashWhole(
  files: readonly Fingerprint[],
  options: HashOptions,
): Promise<ReadonlyMap<string, string>> {
  const unique = [...new Map(files.map((file) => [file.path, file])).values()];
  const digests = await new HashPool(unique, options).finish();
  for (const [at, { path, sha256 }] of unique.entries()) {
    if (sha256 === undefined || sha256 === digests[at]) continue;
    const message = `${path} has the SHA-256 ${digests[at] ?? ""}, not ${sha256} as it should`;
    throw new SourceError("SOURCE_DIGEST", message, {
      where: path,
      hint: "It is damaged or was changed: remove it and download it again.",
    });
  }
  return new Map(unique.map(({ path }, at) => [path, digests[at] ?? ""]));
}
