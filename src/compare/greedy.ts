import type { ReportGreedy } from "../report/report-types.ts";

export interface Candidate {
  readonly model: string;
  /** Right answers of the model alone on the held-out split. */
  readonly alone: number;
}

export type GreedyStep = ReportGreedy["steps"][number];

/**
 * Greedy soup as the code of Model Soups makes it: models in the order of their held-out score, the best first (of equal
 * ones the earlier in the recipe), each kept if the mean with it gets strictly more right than the best so far.
 * Reference: https://arxiv.org/abs/2203.05482, recipe 1, where "not less" is the paper's and "more" the code's rule.
 */
export async function greedySoup(
  candidates: readonly Candidate[],
  score: (members: readonly string[]) => Promise<number>,
): Promise<{ members: readonly string[]; steps: readonly GreedyStep[] }> {
  const order = candidates.toSorted((a, b) => b.alone - a.alone);
  const steps: GreedyStep[] = [];
  let members: readonly string[] = [];
  let best = 0;
  for (const { model, alone } of order) {
    const tried = [...members, model];
    const soup = members.length === 0 ? alone : await score(tried);
    const added = members.length === 0 || soup > best;
    steps.push({ model, alone, soup, best, added });
    if (!added) continue;
    members = tried;
    best = soup;
  }
  return { members, steps };
}
