import type { HubSettings } from "../hub/environment.ts";
import { methodByName } from "../methods/index.ts";
import type { MergePlan, PlannedIntermediate, PlannedTensor } from "../plan/types.ts";
import { freeBytes } from "../sink/directory.ts";
import { bytesPerElement } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { COMPUTED_TILE_BYTES } from "./computed-tensors.ts";
import { requestsOf, solveContext } from "./program.ts";
import type { Measure, ProgramSettings } from "./program.ts";
import { BYTES_WORTH_THREADS } from "./hash-pool.ts";
import { spoolOf } from "./stream/streamed-inputs.ts";
import { workerCount } from "./run.ts";
import { DEFAULT_TILE_BYTES } from "./worker-setup.ts";
import { MOST_TILE_BYTES_IN_ALL } from "./tile-window.ts";

/** Resident memory of Node with the program loaded, and of one worker beside its tiles; measured on Linux, Node 20. */
const PROGRAM_BYTES = 86e6;
const WORKER_BYTES = 12e6;
/** Scratch of a bench, and the kernels' own memory. */
const BENCH_BYTES = 1e6;
/** What ranking entries takes, in all and in each worker: histograms, windows and what falls into them, marks of what is kept. */
const RANKING_BYTES = 15e6;
const WORKER_RANKING_BYTES = 12e6;
/** What a worker has of adapters, and of those before that are not collected yet; measured at rank 16 and 64. */
const ADAPTER_BYTES = 20e6;
/** A thread that hashes shards, of which there is one for two workers. */
const HASHER_BYTES = 8e6;
/** What streaming takes beside the spool: the Hub's client, its connections, and a thread that verifies. */
const STREAM_BYTES = 35e6;
/** What headers and plan take for each tensor of each model. */
const TENSOR_BYTES = 2_000;
/** What each token takes, of each model and of the output, while vocabularies are brought together. */
const TOKEN_BYTES = 300;

export interface ResourceOptions {
  readonly workers?: number | undefined;
  readonly tileBytes?: number | undefined;
  /** The output folder, which need not exist yet. */
  readonly out?: string | undefined;
  /** Where the cache of models from the Hub is. */
  readonly hub?: HubSettings | undefined;
  readonly noStore?: boolean | undefined;
}

export interface Resources {
  readonly workers: number;
  /** Estimate of the largest resident memory. */
  readonly memoryBytes: number;
  /** Free space where the output goes; absent without an output folder, or where the file system does not tell. */
  readonly freeDiskBytes?: number;
  /** Bytes that have to come from the Hub, if any of the models is there. */
  readonly downloadBytes?: number;
  /** Free space of the cache's file system. */
  readonly freeCacheBytes?: number;
  /** Most bytes that are on their way at a time, if models are not stored: in memory, or on the output's disk. */
  readonly spool?: { readonly byteLength: number; readonly isInMemory: boolean };
}

/** What it takes to run a plan on this machine. */
export async function estimateResources(plan: MergePlan, options: ResourceOptions = {}): Promise<Resources> {
  const { intermediates = [] } = plan;
  const plansIn = (...places: PlannedIntermediate["computed"][]) =>
    intermediates.filter(({ computed }) => places.includes(computed)).map((each) => each.plan);
  const plans = [...plansIn("inside", "folder"), plan];
  // All are held at once, but run one after the other; those inside have benches of their own meanwhile.
  const run = [...plansIn("folder"), plan];
  const workers = Math.max(...run.map((each) => workerCount(each, options.workers)));
  const tileBytes = options.tileBytes ?? DEFAULT_TILE_BYTES;
  const tiles = [
    mostTiles(run, tileBytes),
    ...plansIn("inside").map(
      (each) => BENCH_BYTES + mostTiles([each], Math.min(tileBytes, COMPUTED_TILE_BYTES)),
    ),
  ].reduce((sum, bytes) => sum + bytes, 0);
  const tensors = plans.flatMap((each) => each.tensors);
  const adapters = tensors.some(hasAdapter) ? ADAPTER_BYTES : 0;
  const ranks = run.some((each) => each.tensors.some((tensor) => isRanked(tensor, each)));
  const ranking = ranks ? WORKER_RANKING_BYTES : 0;
  const entries = tensors.reduce((sum, { inputs }) => sum + inputs.length + 1, 0);
  const hashers = plan.output.byteLength < BYTES_WORTH_THREADS ? 0 : Math.ceil(workers / 2);
  const free = options.out === undefined ? undefined : await freeBytes(options.out);
  const download = await downloadOf(plans, options);
  return {
    workers,
    memoryBytes:
      streamBytes(download.spool) +
      PROGRAM_BYTES +
      tokensOf(plan) * TOKEN_BYTES +
      entries * TENSOR_BYTES +
      (ranks ? RANKING_BYTES : 0) +
      workers * (WORKER_BYTES + tiles + adapters + ranking) +
      Math.min(hashers, plan.output.shards.length) * HASHER_BYTES,
    ...(free === undefined ? {} : { freeDiskBytes: free }),
    ...download,
  };
}

async function downloadOf(
  plans: readonly MergePlan[],
  { hub, noStore = false }: ResourceOptions,
): Promise<Pick<Resources, "downloadBytes" | "freeCacheBytes" | "spool">> {
  // What several models or recipes of a file take comes once.
  const found = plans.flatMap((plan) => plan.models.flatMap(({ hub: own, adapterHub }) => [own, adapterHub]));
  const all = found.filter((each) => each !== undefined);
  const remote = [...new Map(all.map((each) => [`${each.repository}@${each.commit}`, each])).values()];
  if (remote.length === 0) return {};
  const downloadBytes = remote.reduce(
    (sum, { byteLength, cachedBytes }) => sum + byteLength - cachedBytes,
    0,
  );
  if (noStore) {
    // Plans run one after the other: one that needs a file says more of what it takes.
    const spools = plans.map(spoolOfPlan).sort((a, b) => b.byteLength - a.byteLength);
    const spool = spools.find(({ isInMemory }) => !isInMemory) ?? spools[0];
    return { downloadBytes, ...(spool !== undefined && { spool }) };
  }
  const free = hub === undefined ? undefined : await freeBytes(hub.cacheFolder);
  return { downloadBytes, ...(free !== undefined && { freeCacheBytes: free }) };
}

function streamBytes(spool: Resources["spool"]): number {
  if (spool === undefined) return 0;
  return STREAM_BYTES + (spool.isInMemory ? spool.byteLength : 0);
}

function spoolOfPlan(plan: MergePlan): NonNullable<Resources["spool"]> {
  const isRemote = plan.models.map(({ hub }) => hub !== undefined && hub.cachedBytes < hub.byteLength);
  return spoolOf(plan, ({ model }) => isRemote[model] === true);
}

function tokensOf({ tokenizer, models }: MergePlan): number {
  return (tokenizer?.summary.tokens ?? 0) * (models.length + 1);
}

const hasAdapter = ({ base, inputs }: PlannedTensor) =>
  [...(base === undefined ? [] : [base]), ...inputs].some(
    ({ lowRank, rows }) => lowRank !== undefined || rows?.sources.some((source) => source.lowRank) === true,
  );

/** True if a method, of those that Stockpot has, ranks the entries of the tensor. */
function isRanked(tensor: PlannedTensor, settings: ProgramSettings): boolean {
  const method = methodByName(tensor.method);
  if (method?.measure === undefined || tensor.action === "copy") return false;
  const unit = { method, tensor, count: elementCount(tensor.shape), byRange: false };
  const requests = requestsOf(method.measure as Measure, solveContext(unit, settings));
  return requests.some(([, { kind }]) => kind === "magnitudes" || kind === "keptSums");
}

const mostTiles = (plans: readonly MergePlan[], tileBytes: number) =>
  plans
    .flatMap(({ tensors }) => tensors)
    .reduce((most, tensor) => Math.max(most, tileBytesOf(tensor, tileBytes)), 0);

/** A worker holds a tile of each input and of the result; the widest dtype fixes how many elements that is. */
function tileBytesOf({ inputs, base, dtype }: PlannedTensor, tileBytes: number): number {
  const dtypes = [dtype, ...(base === undefined ? [] : [base.dtype]), ...inputs.map((input) => input.dtype)];
  const widths = dtypes.map(bytesPerElement);
  const widest = Math.max(...widths);
  const elements = Math.min(tileBytes, MOST_TILE_BYTES_IN_ALL / dtypes.length) / widest;
  return elements * widths.reduce((sum, width) => sum + width, 0);
}
