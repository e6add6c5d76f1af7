import { arceeFusion } from "./arcee-fusion.ts";
import { breadcrumbsTies } from "./breadcrumbs-ties.ts";
import { breadcrumbs } from "./breadcrumbs.ts";
import { consensusTa } from "./consensus-ta.ts";
import { dareLinear } from "./dare-linear.ts";
import { dareTies } from "./dare-ties.ts";
import type { AnyMethod } from "./define.ts";
import { dellaLinear } from "./della-linear.ts";
import { della } from "./della.ts";
import { geometricMedian } from "./geometric-median.ts";
import { karcher } from "./karcher.ts";
import { linear } from "./linear.ts";
import { metagpt } from "./metagpt.ts";
import { modelStock } from "./model-stock.ts";
import { multislerp } from "./multislerp.ts";
import { nuslerp } from "./nuslerp.ts";
import { magmax } from "./magmax.ts";
import { nearswap } from "./nearswap.ts";
import { passthrough } from "./passthrough.ts";
import { ram } from "./ram.ts";
import { ramPlus } from "./ramplus-tl.ts";
import { sce } from "./sce.ts";
import { slerp } from "./slerp.ts";
import { taskArithmetic } from "./task-arithmetic.ts";
import { ties } from "./ties.ts";
import { uniformSoup } from "./uniform-soup.ts";
import { wiseFt } from "./wise-ft.ts";

/** Every built-in merge method, in the order in which they are listed to users. */
export const METHODS: readonly AnyMethod[] = [
  modelStock,
  linear,
  uniformSoup,
  wiseFt,
  geometricMedian,
  taskArithmetic,
  metagpt,
  ties,
  dareLinear,
  dareTies,
  breadcrumbs,
  breadcrumbsTies,
  della,
  dellaLinear,
  sce,
  ram,
  ramPlus,
  magmax,
  consensusTa,
  nearswap,
  arceeFusion,
  slerp,
  nuslerp,
  multislerp,
  karcher,
  passthrough,
];

export const DEFAULT_METHOD = "model_stock";

/** The method of that name, among the built-in ones and the caller's own. */
export function methodByName(name: string, extra: readonly AnyMethod[] = []): AnyMethod | undefined {
  return [...METHODS, ...extra].find((method) => method.name === name);
}
