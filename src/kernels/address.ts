/** A byte address in the kernels' memory, 16-byte aligned. */
export type Address = number;
