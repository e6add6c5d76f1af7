import { defineMethod } from "./define.ts";
import { number } from "./params.ts";
import { RAM_EPSILON, RAM_REFERENCE } from "./ram.ts";
import { overlap } from "./statistics.ts";

export const ramPlus = defineMethod({
  name: "ramplus_tl",
  title: "Reinforced Agent Merging Plus (Tensor-Local)",
  summary: "As ram, with the entries of one model alone enlarged by how much it shares with others.",
  formula:
    "as ram, d_i times 1 + r clamp(shared_i / max(unique_i, epsilon), 0, alpha) where only i is active",
  reference: RAM_REFERENCE,
  details:
    "The enlargement makes up for what averaging takes from a model whose changes overlap with others'.",
  base: "required",
  models: { min: 1 },
  parameters: {
    epsilon: RAM_EPSILON,
    r: number({ doc: "Strength of the enlargement.", default: 0.1 }),
    alpha: number({ doc: "Largest ratio of shared to unique entries that counts.", default: 0.2 }),
  },
  whenMissing: "base",
  symmetric: true,
  measure: ({ parameters: { epsilon } }) => ({ active: overlap(epsilon) }),
  solve: ({ parameters: { epsilon, r, alpha } }, { active: { shared, single } }) => {
    const singles = shared.map((count, i) => {
      const alone = single[i] ?? 0;
      // Without entries of its own there is nothing to enlarge, and no ratio at epsilon 0.
      const ratio = alone === 0 ? 0 : count / Math.max(alone, epsilon);
      return 1 + r * Math.min(Math.max(ratio, 0), alpha);
    });
    return { combination: { kind: "overlapMean", epsilon, singles } };
  },
});
