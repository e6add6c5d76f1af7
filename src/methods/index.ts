import type { AnyMethod } from "./define.ts";

/** Every built-in merge method, in the order in which they are listed to users. */
export const METHODS: readonly AnyMethod[] = [];

export const DEFAULT_METHOD = "model_stock";
