// What a module with a merge method needs, importable alone as "stockpot/method": every worker loads it.
export { addTaskVectors, weightedSum, weightedSumWithBase } from "./combination.ts";
export { defineMethod } from "./define.ts";
export { flag, integer, number, oneOf, optional, perModel } from "./params.ts";
export { gram, magnitudes, overlap } from "./statistics.ts";
