import type { OptionRow } from "./option-row.ts";
import { negatedFlags, parseText, parseWhole, parseWorkers } from "./option-row.ts";

const CPU = "merges run on the processor, at the speed of the disk";
const NO_CACHE = "no merged copy of an adapter is made";

/**
 * The flags of mergekit's programs that are no flags of ours: each is accepted, and does what it says or tells why it
 * needs no doing.
 */
export const MERGEKIT_OPTIONS = {
  copyTokenizer: {
    flags: "--copy-tokenizer",
    doc: "Copy tokenizer and chat template of the base; on unless turned off.",
    negated: "Leave tokenizer and chat template out of OUT.",
  },
  writeModelCard: {
    flags: "--write-model-card",
    doc: "Write README.md and the recipe into OUT; on unless turned off.",
    negated: "Leave README.md and the recipe out of OUT.",
  },
  randomSeed: {
    flags: "--random-seed <n>",
    doc: "Start of the random numbers that some methods draw, instead of the recipe's.",
    parse: parseWhole,
  },
  numThreads: { flags: "-j, --num-threads <n>", doc: "The same as --workers.", parse: parseWorkers },
  unsafeTruncateEmbeddings: {
    flags: "--unsafe-truncate-embeddings",
    doc: "Cut embeddings of several lengths to the shortest; the tokens at their ends are lost.",
  },
  tensorIntersection: {
    flags: "-i, --tensor-intersection",
    doc: "Leave out tensors that some model lacks, instead of refusing the recipe.",
  },
  tensorUnion: {
    flags: "-u, --tensor-union",
    doc: "Keep tensors that some model lacks, each merged from the models that have it.",
  },
  intermediateDir: {
    flags: "--intermediate-dir <dir>",
    doc: "The same as --keep-intermediate.",
    parse: parseText,
  },
  outPath: { flags: "--out-path <dir>", doc: "The same as OUT.", parse: parseText },
  lazy: {
    flags: "--lazy",
    doc: "Changes nothing.",
    negated: "Changes nothing.",
    note: "results of an earlier run are never taken for those of this one",
  },
  allowCrimes: {
    flags: "--allow-crimes",
    doc: "Changes nothing.",
    negated: "Changes nothing.",
    note: "models of different architectures are merged wherever their tensors fit, with a warning",
  },
  cuda: { flags: "--cuda", doc: "Changes nothing.", negated: "Changes nothing.", note: CPU },
  device: { flags: "--device <name>", doc: "Changes nothing.", parse: parseText, note: CPU },
  lowCpuMemory: {
    flags: "--low-cpu-memory",
    doc: "Changes nothing.",
    note: "memory depends on --tile-bytes and --workers, never on the size of a model",
  },
  readToGpu: { flags: "--read-to-gpu", doc: "Changes nothing.", note: CPU },
  multiGpu: { flags: "--multi-gpu", doc: "Changes nothing.", note: CPU },
  gpuRich: { flags: "--gpu-rich", doc: "Changes nothing.", note: CPU },
  lazyUnpickle: {
    flags: "--lazy-unpickle",
    doc: "Changes nothing.",
    note: "PyTorch files are always read in place, tensor by tensor, and nothing in them is executed",
  },
  cloneTensors: {
    flags: "--clone-tensors",
    doc: "Changes nothing.",
    note: "each tensor of the output is always written by itself",
  },
  trustRemoteCode: {
    flags: "--trust-remote-code",
    doc: "Changes nothing.",
    note: "no code of a model is ever run; *.py files are copied to OUT",
  },
  transformersCache: {
    flags: "--transformers-cache <dir>",
    doc: "Cache of models from the Hub, instead of the usual one or that of HF_HUB_CACHE.",
    parse: parseText,
  },
  loraMergeCache: {
    flags: "--lora-merge-cache <dir>",
    doc: "Changes nothing.",
    parse: parseText,
    note: NO_CACHE,
  },
  loraMergeDtype: {
    flags: "--lora-merge-dtype <name>",
    doc: "Changes nothing.",
    parse: parseText,
    note: NO_CACHE,
  },
  safeSerialization: {
    flags: "--safe-serialization",
    doc: "Changes nothing.",
    negated: "Changes nothing.",
    note: "the output is always safetensors, which every version of transformers reads",
  },
  asyncWrite: {
    flags: "--async-write",
    doc: "Changes nothing.",
    note: "the workers write while others read and compute",
  },
  writeThreads: {
    flags: "--write-threads <n>",
    doc: "Changes nothing.",
    parse: parseWhole,
    note: "the workers write while others read and compute",
  },
  verbose: {
    flags: "-v, --verbose",
    doc: "Name each file as it comes from the Hub.",
  },
} as const satisfies Record<string, OptionRow>;

/** What to say of each of these flags that was given and needs no doing. */
export function notesOn(given: Readonly<Record<string, unknown>>): string[] {
  const rows = Object.entries<OptionRow>(MERGEKIT_OPTIONS);
  return rows.flatMap(([name, { flags, note }]) => {
    if (note === undefined || given[name] === undefined) return [];
    const flag = /--[\w-]+/.exec(flags)?.[0] ?? flags;
    return `${given[name] === false ? negatedFlags(flag) : flag} needs no doing: ${note}.`;
  });
}
