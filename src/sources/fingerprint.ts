import { createHash } from "node:crypto";
import { open, realpath } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { LENGTH_BYTES, MAX_HEADER_BYTES } from "../safetensors/header.ts";
import { SourceError } from "../errors.ts";
import { unreadable } from "./file.ts";
import { ADAPTER_CONFIG } from "./open-adapter.ts";
import { sidePath } from "./side-texts.ts";
import type { HubFile, HubOrigin, ModelHeaders } from "./types.ts";

/** Files up to this length are hashed whole: tokenizers and the like, in some 30 ms at most. */
const MAX_SMALL_BYTES = 64 * 2 ** 20;
const READ_BYTES = 1_048_576;

/** A blob of a Hub cache is named by its SHA-256 or, if it is small, by its git object. */
const BLOB = /[/\\]models--[^/\\]+[/\\]blobs[/\\](?:(?<sha256>[0-9a-f]{64})|(?<oid>[0-9a-f]{40}))$/;
const SNAPSHOT = /[/\\]models--(?<repo>[^/\\]+)[/\\]snapshots[/\\](?<revision>[0-9a-f]{40})(?:[/\\]|$)/;

/** A file that a merge reads, with what is known of its content. */
export interface Fingerprint {
  readonly name: string;
  readonly path: string;
  readonly isWeights: boolean;
  readonly byteLength: number;
  /** Known from the Hub's list: the file need not be here yet. */
  readonly isListed?: true;
  /** In lower-case hex. */
  readonly sha256?: string;
  /** Its git object. */
  readonly oid?: string;
  /** Of a large safetensors file: its header with the eight bytes before it. */
  readonly headerSha256?: string;
}

/** Weights, config.json and all small files of a model; only small files and headers are read for it. */
export async function fingerprintsOf(model: ModelHeaders): Promise<Fingerprint[]> {
  const { files, sideFiles, config, hub, adapter, contents } = model;
  const names = [...(config === undefined ? [] : ["config.json"]), ...sideFiles.map(({ name }) => name)];
  const weights = files.map(({ name, path }) => ({ name, path, isWeights: true }));
  const small = names.map((name) => ({ name, path: sidePath(model, name), isWeights: false }));
  if (adapter === undefined) return [...(await read(weights, hub)), ...(await read(small, hub))];
  const settings = { name: ADAPTER_CONFIG, path: join(adapter.location, ADAPTER_CONFIG), isWeights: false };
  const isAdapters = ({ name }: Place) => contents?.has(name) === true;
  const own = [...weights.slice(0, -1), ...small.filter((place) => !isAdapters(place))];
  const adapters = [...weights.slice(-1), settings, ...small.filter(isAdapters)];
  return [...(await read(own, hub)), ...(await read(adapters, adapter.hub))];
}

type Place = Pick<Fingerprint, "name" | "path" | "isWeights">;

async function read(places: readonly Place[], hub: HubOrigin | undefined): Promise<Fingerprint[]> {
  const found: Fingerprint[] = [];
  // One after the other: each holds a file open.
  for (const file of places) {
    const known = hub?.files.find(({ name }) => name === file.name);
    found.push(known === undefined ? await readFile(file) : { ...file, ...stated(known) });
  }
  return found;
}

const stated = ({ byteLength, hash, algorithm }: HubFile) => {
  return {
    byteLength,
    isListed: true,
    ...(algorithm === "sha256" ? { sha256: hash } : { oid: hash }),
  } as const;
};

async function readFile(place: Place): Promise<Fingerprint> {
  const { name, path } = place;
  try {
    const blob: { sha256?: string | undefined; oid?: string | undefined } =
      BLOB.exec(await realpath(path))?.groups ?? {};
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const sha256 = blob.sha256 ?? (size <= MAX_SMALL_BYTES ? await hashRange(file, size) : undefined);
      const known = { ...place, byteLength: size, ...(blob.oid !== undefined && { oid: blob.oid }) };
      if (sha256 !== undefined) return { ...known, sha256 };
      return name.endsWith(".safetensors") ? { ...known, headerSha256: await hashHeader(file, size) } : known;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof SourceError ? error : unreadable(path, error);
  }
}

async function hashHeader(file: FileHandle, size: number): Promise<string> {
  const start = Buffer.alloc(LENGTH_BYTES);
  await file.read(start, 0, LENGTH_BYTES, 0);
  // Checked when the model was opened; if it has changed since, the merge notices.
  const length = Math.min(Number(start.readBigUInt64LE()), MAX_HEADER_BYTES, size - LENGTH_BYTES);
  return await hashRange(file, LENGTH_BYTES + length);
}

async function hashRange(file: FileHandle, end: number): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.alloc(Math.min(READ_BYTES, end));
  for (let done = 0; done < end;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - done), done);
    if (bytesRead === 0) throw new SourceError("SOURCE_CHANGED", "A file became shorter while it was read");
    hash.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return hash.digest("hex");
}

/** Repository and commit of a model of the Hub, or of one whose folder lies in a cache of it. */
export async function originOf({
  hub,
  location,
}: Pick<ModelHeaders, "hub" | "location">): Promise<{ repo: string; revision: string } | undefined> {
  if (hub !== undefined) return { repo: hub.repository, revision: hub.commit };
  const path = await realpath(location).catch(() => location); // It was read a moment ago; else it has no origin.
  const { repo, revision } = SNAPSHOT.exec(path)?.groups ?? {};
  return repo === undefined || revision === undefined
    ? undefined
    : { repo: repo.replace("--", "/"), revision };
}
