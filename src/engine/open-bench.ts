import { readFileSync } from "node:fs";
import type { Kernels } from "../kernels/kernels.ts";
import { FIRST_FREE_ADDRESS, instantiateKernels, KERNELS_URL, supportsSimd } from "../kernels/load.ts";
import { referenceKernels } from "../kernels/reference.ts";
import type { AnyMethod } from "../methods/define.ts";
import { COMPUTED_TILE_BYTES, ComputedTensors } from "./computed-tensors.ts";
import type { FileTable } from "./files.ts";
import type { SetupModel, WorkerSetup } from "./protocol.ts";
import { Workbench } from "./workbench.ts";

/** Opens a worker's bench, with one for each model that is computed where it is read: memory of its own, files shared. */
export function openBench(setup: WorkerSetup, files: FileTable, methods: readonly AnyMethod[]): Workbench {
  const kernelsFor = kernelsOf(setup);
  // By reference: what several merges take is computed on one bench.
  const known = new Map<string, ComputedTensors>();
  const open = (of: WorkerSetup): Workbench => {
    const memory = emptyMemory();
    return new Workbench(of, memory, kernelsFor(memory), files, methods, of.models.map(computed));
  };
  const computed = ({ reference, madeBy }: SetupModel): ComputedTensors | undefined => {
    if (madeBy === undefined) return undefined;
    const tileBytes = Math.min(setup.tileBytes, COMPUTED_TILE_BYTES);
    const made =
      known.get(reference) ??
      new ComputedTensors(reference, madeBy, open({ ...setup, ...madeBy, shardPaths: [], tileBytes }));
    known.set(reference, made);
    return made;
  };
  return open(setup);
}

/** 65,536 pages are the 4 GiB that a 32-bit memory can address; what is used follows from tiles alone. */
function emptyMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: FIRST_FREE_ADDRESS / 65_536 + 1, maximum: 65_536 });
}

function kernelsOf({ scalar }: WorkerSetup): (memory: WebAssembly.Memory) => Kernels {
  if (scalar === true || !supportsSimd()) return referenceKernels;
  const module = new WebAssembly.Module(readFileSync(KERNELS_URL));
  return (memory) => instantiateKernels(module, memory);
}
