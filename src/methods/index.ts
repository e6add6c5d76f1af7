import type { AnyMethod } from "./define.ts";
import { linear } from "./linear.ts";
import { modelStock } from "./model-stock.ts";
import { passthrough } from "./passthrough.ts";
import { slerp } from "./slerp.ts";
import { taskArithmetic } from "./task-arithmetic.ts";
import { uniformSoup } from "./uniform-soup.ts";
import { wiseFt } from "./wise-ft.ts";

/** Every built-in merge method, in the order in which they are listed to users. */
export const METHODS: readonly AnyMethod[] = [
  modelStock,
  linear,
  uniformSoup,
  wiseFt,
  taskArithmetic,
  slerp,
  passthrough,
];

export const DEFAULT_METHOD = "model_stock";

/** The method of that name, among the built-in ones and the caller's own. */
export function methodByName(name: string, extra: readonly AnyMethod[] = []): AnyMethod | undefined {
  return [...METHODS, ...extra].find((method) => method.name === name);
}
