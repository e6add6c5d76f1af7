import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { blobPath } from "../cache-layout.ts";
import { throwIfStopped } from "../retry.ts";
import type { CachedModel } from "./find.ts";
import type { CachedBlob, CachedRepository } from "./scan.ts";

const PIECE_BYTES = 2 ** 20;
const SHA256_DIGITS = 64;

export interface CacheFault {
  readonly repository: string;
  /** What is wrong: bytes that are not those of their name, or a file without its bytes. */
  readonly kind: "wrong" | "missing";
  readonly blob: string;
  /** The files of the cached revisions that need it, each as "name@commit" with the first digits of the commit. */
  readonly files: readonly string[];
}

export interface CacheVerification {
  readonly blobCount: number;
  readonly byteLength: number;
  /** Files that lie in a snapshot without a blob, so that no hash of them is known. */
  readonly withoutHash: readonly string[];
  readonly faults: readonly CacheFault[];
}

export interface VerifyCacheOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?:
    ((progress: { readonly doneBytes: number; readonly totalBytes: number }) => void) | undefined;
}

/** Reads every content again and compares its hash with its name. */
export async function verifyCached(
  models: readonly CachedModel[],
  { signal, onProgress }: VerifyCacheOptions = {},
): Promise<CacheVerification> {
  const work = models.map((model) => ({ model, blobs: blobsOf(model) }));
  const all = work.flatMap(({ blobs }) => blobs);
  const totalBytes = all.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let doneBytes = 0;
  const onBytes = (count: number) => {
    throwIfStopped(signal);
    doneBytes += count;
    onProgress?.({ doneBytes, totalBytes });
  };
  const faults: CacheFault[] = [];
  for (const { model, blobs } of work) {
    const { repository } = model;
    faults.push(...missingBlobs(model));
    for (const blob of blobs) {
      if (await isRight(blobPath(repository.folder, blob.hash), blob, onBytes)) continue;
      faults.push(faultOf(repository, "wrong", blob.hash));
    }
  }
  return {
    blobCount: all.length,
    byteLength: totalBytes,
    withoutHash: work.flatMap((each) => copiesOf(each.model)),
    faults,
  };
}

const revisionsOf = ({ repository, revision }: CachedModel) =>
  revision === undefined ? repository.revisions : [revision];

function blobsOf(model: CachedModel): readonly CachedBlob[] {
  const { repository, revision } = model;
  if (revision === undefined) return repository.blobs;
  const needed = new Set(revision.files.map(({ blob }) => blob));
  return repository.blobs.filter(({ hash }) => needed.has(hash));
}

function missingBlobs(model: CachedModel): CacheFault[] {
  const files = revisionsOf(model).flatMap((revision) => revision.files);
  const hashes = new Set(files.filter(({ broken }) => broken).map(({ blob = "" }) => blob));
  return [...hashes].map((hash) => faultOf(model.repository, "missing", hash));
}

function copiesOf(model: CachedModel): string[] {
  const files = revisionsOf(model).flatMap((revision) => revision.files);
  return files
    .filter(({ blob }) => blob === undefined)
    .map(({ name }) => `${model.repository.repository}: ${name}`);
}

function faultOf(
  { repository, revisions }: CachedRepository,
  kind: CacheFault["kind"],
  blob: string,
): CacheFault {
  const files = revisions.flatMap(({ commit, files: all }) =>
    all.filter((file) => file.blob === blob).map(({ name }) => `${name}@${commit.slice(0, 7)}`),
  );
  return { repository, kind, blob, files };
}

async function isRight(
  path: string,
  { hash, byteLength }: CachedBlob,
  onBytes: (count: number) => void,
): Promise<boolean> {
  const digest = createHash(hash.length === SHA256_DIGITS ? "sha256" : "sha1");
  if (hash.length !== SHA256_DIGITS) digest.update(`blob ${byteLength}\0`);
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
    digest.update(piece as Buffer);
    onBytes((piece as Buffer).length);
  }
  return digest.digest("hex") === hash;
}
