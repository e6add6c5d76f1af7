import type { Kernels } from "./kernels.ts";

/** Where the compiled kernels lie, beside this module. */
export const KERNELS_URL = new URL("./kernels.wasm", import.meta.url);

/** The addresses below this one belong to the kernels' own constants. */
export const FIRST_FREE_ADDRESS = 65_536;

// (module (func (result v128) i32.const 0 i8x16.splat)): valid only where SIMD is.
const SIMD_PROBE = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  8,
  1,
  6,
  0,
  65,
  0,
  253,
  15,
  11,
);

export function supportsSimd(): boolean {
  return WebAssembly.validate(SIMD_PROBE);
}

/** Instantiates the compiled kernels on the given memory. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return instance.exports as unknown as Kernels;
}
