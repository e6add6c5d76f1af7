import { geometricMedian } from "./geometric-median.ts";
import { linear, passthrough, uniformSoup, wiseFt } from "./linear.ts";
import { modelStock } from "./model-stock.ts";
import { arceeFusion, nearswap } from "./pairs.ts";
import { ram, ramplusTl } from "./ram.ts";
import { metagpt } from "./scaling.ts";
import { sce } from "./sce.ts";
import { consensusTa, magmax, pcb } from "./selection.ts";
import { karcher, multislerp, nuslerp, slerp } from "./spherical.ts";
import * as family from "./task-arithmetic.ts";
import type { Inputs, Vector } from "./vectors.ts";

interface Reference {
  readonly run: (inputs: never) => Vector;
  /** Apart from the models, or one of them like any other. */
  readonly base: "apart" | "a model";
  /** Parameters that are lists with one value per model. */
  readonly perModel: readonly string[];
}

const define = (
  run: (inputs: never) => Vector,
  perModel: readonly string[] = [],
  base: Reference["base"] = "apart",
): Reference => ({ run, base, perModel });

/** Every reference implementation by its merge method's name. */
export const REFERENCES: Readonly<Record<string, Reference>> = {
  arcee_fusion: define(arceeFusion),
  breadcrumbs: define(family.breadcrumbs, ["weight", "density", "gamma"]),
  breadcrumbs_ties: define(family.breadcrumbsTies, ["weight", "density", "gamma"]),
  consensus_ta: define(consensusTa, ["tall_lambda"]),
  dare_linear: define(family.dareLinear, ["weight", "density"]),
  dare_ties: define(family.dareTies, ["weight", "density"]),
  della: define(family.della, ["weight", "density"]),
  della_linear: define(family.dellaLinear, ["weight", "density"]),
  geometric_median: define(geometricMedian, ["weight"]),
  karcher: define(karcher, [], "a model"),
  linear: define(linear, ["weight"], "a model"),
  magmax: define(magmax),
  metagpt: define(metagpt),
  model_stock: define(modelStock),
  multislerp: define(multislerp, ["weight"]),
  nearswap: define(nearswap),
  nuslerp: define(nuslerp, ["weight"]),
  passthrough: define(passthrough, ["scale"], "a model"),
  pcb: define(pcb),
  ram: define(ram),
  ramplus_tl: define(ramplusTl),
  sce: define(sce),
  slerp: define(slerp),
  task_arithmetic: define(family.taskArithmetic, ["weight"]),
  ties: define(family.ties, ["weight", "density"]),
  uniform_soup: define(uniformSoup),
  wise_ft: define(wiseFt),
};

export function referenceOf(method: string): Reference {
  const reference = REFERENCES[method];
  if (reference === undefined) throw new Error(`there is no reference implementation of ${method}`);
  return reference;
}

/** Runs a reference by name, with parameters by their names in a recipe. */
export function runReference(method: string, inputs: Inputs & Readonly<Record<string, unknown>>): Vector {
  return referenceOf(method).run(inputs as never);
}
