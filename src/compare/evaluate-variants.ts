import type { Split, SplitScore } from "../evaluate/types.ts";
import type { ReportCurve, ReportGreedy } from "../report/report-types.ts";
import type { ModelReference } from "../sources/types.ts";
import { referenceText } from "../sources/types.ts";
import { Ensemble } from "./ensemble.ts";
import { greedySoup } from "./greedy.ts";
import type { VariantModels } from "./models.ts";
import { listed } from "./names.ts";
import type { PreparedVariant } from "./planner.ts";
import type { PreparedComparison } from "./prepare.ts";
import type { Scoring } from "./scoring.ts";

/** A variant with its right answers. */
export interface ScoredVariant extends Omit<PreparedVariant, "kind" | "source"> {
  readonly kind: PreparedVariant["kind"] | "curve" | "ensemble";
  /** Absent for the ensemble. */
  readonly prepared?: PreparedVariant;
  /** Empty without data. */
  readonly scores: readonly SplitScore[];
  /** What a program printed. */
  readonly metrics?: Readonly<Record<string, number>>;
  readonly note?: string;
}

export interface Evaluation {
  readonly variants: readonly ScoredVariant[];
  readonly curve?: ReportCurve;
  readonly greedy?: ReportGreedy;
  readonly warnings: readonly string[];
}

/** Scores every variant, and makes those that follow from scores: curve, greedy soup, ensemble. */
export async function evaluateVariants(
  comparison: PreparedComparison,
  models: VariantModels,
  scoring: Scoring,
): Promise<Evaluation> {
  const run = new EvaluationRun(comparison, models, scoring);
  return await run.execute();
}

class EvaluationRun {
  readonly #of: PreparedComparison;
  readonly #models: VariantModels;
  readonly #scoring: Scoring;
  readonly #scored = new Map<string, ScoredVariant>();
  readonly #warnings: string[] = [];
  readonly #ensemble = new Ensemble();
  #curve: ReportCurve | undefined;
  #greedy: ReportGreedy | undefined;

  constructor(comparison: PreparedComparison, models: VariantModels, scoring: Scoring) {
    this.#of = comparison;
    this.#models = models;
    this.#scoring = scoring;
  }

  async execute(): Promise<Evaluation> {
    const { variants, later, comparison } = this.#of;
    const points = later.flatMap((each) => (each.kind === "curve" ? alphas(each.step) : [])).length;
    this.#scoring.announce(variants.length + points);
    const { heldOut } = this.#scoring;
    const greedy = later.some(({ kind }) => kind === "greedy_soup");
    if (greedy && heldOut !== undefined) {
      this.#scoring.announce(comparison.models.length - 1, [heldOut]);
      this.#scoring.announce(1);
    }
    for (const variant of variants) await this.#score(variant, variant.kind);
    for (const each of later) {
      if (each.kind === "curve") await this.#scoreCurve(each);
      else if (each.kind === "greedy_soup") await this.#scoreGreedy();
      else await this.#scoreEnsemble();
    }
    return {
      variants: [...this.#scored.values()],
      ...(this.#curve && { curve: this.#curve }),
      ...(this.#greedy && { greedy: this.#greedy }),
      warnings: this.#warnings,
    };
  }

  async #score(
    prepared: PreparedVariant,
    kind: ScoredVariant["kind"],
    note?: string,
  ): Promise<ScoredVariant> {
    const known = this.#scored.get(prepared.name);
    if (known !== undefined) return known;
    const scores = await this.#answers(prepared);
    if (kind === "model") this.#ensemble.add(scores);
    const { name, method, description, members } = prepared;
    const plain = scores.map(({ split, role, examples, correct, outcomes }) => {
      return { split, role, examples, correct, outcomes };
    });
    const facts = { name, ...(method !== undefined && { method }), description, members };
    const scored = { ...facts, kind, prepared, scores: plain, ...(note !== undefined && { note }) };
    this.#scored.set(prepared.name, scored);
    return scored;
  }

  async #answers(prepared: PreparedVariant, splits?: readonly Split[]): Promise<SplitScore[]> {
    const { model, close } = await this.#models.open(prepared);
    try {
      return await this.#scoring.score({ ...model, name: prepared.name }, splits);
    } finally {
      await close();
    }
  }

  /** The model alone, scored already or now; a row of its own only if the recipe asks for models. */
  async #alone(reference: ModelReference): Promise<number> {
    const { heldOut } = this.#scoring;
    const name = this.#of.names.get(referenceText(reference)) ?? "";
    const known = this.#scored.get(name)?.scores ?? [];
    const score = known.find(({ split }) => split === heldOut?.name);
    if (score !== undefined || heldOut === undefined) return score?.correct ?? NaN;
    const [fresh] = await this.#answers(this.#soup([reference]), [heldOut]);
    return fresh?.correct ?? NaN;
  }

  #soup(members: readonly ModelReference[], name = "greedy_soup"): PreparedVariant {
    const recipe = this.#of.comparison.derive({ method: "uniform_soup", models: members });
    const { planner } = this.#of;
    const step = planner.plan(recipe);
    return { name, kind: "merge", ...planner.describe(recipe), source: { kind: "step", step } };
  }

  async #scoreGreedy(): Promise<void> {
    const { heldOut } = this.#scoring;
    if (heldOut === undefined) {
      this.#warnings.push("greedy_soup is left out: the data have no held-out split to choose models on.");
      return;
    }
    const byName = new Map(
      this.#of.comparison.models.map((model) => [this.#of.names.get(referenceText(model)) ?? "", model]),
    );
    const pick = (names: readonly string[]) => names.flatMap((name) => byName.get(name) ?? []);
    const candidates: { model: string; alone: number }[] = [];
    for (const [model, reference] of byName) candidates.push({ model, alone: await this.#alone(reference) });
    const { members, steps } = await greedySoup(candidates, async (soup) => {
      const [score] = await this.#answers(this.#soup(pick(soup)), [heldOut]);
      return score?.correct ?? NaN;
    });
    const soup = { ...this.#soup(pick(members)), members, description: `Uniform Soup of ${listed(members)}` };
    const note = `Its models were chosen on ${heldOut.name}, so its score there flatters it.`;
    await this.#score(soup, "merge", note);
    const { name: split, examples } = heldOut;
    this.#greedy = { split, examples, variant: soup.name, members, steps };
  }

  async #scoreCurve({
    name,
    step,
    model,
  }: {
    name: string;
    step: number;
    model?: ModelReference;
  }): Promise<void> {
    const end = model ?? (await this.#best());
    if (end === undefined) return;
    const short = this.#of.names.get(referenceText(end)) ?? referenceText(end);
    const base = this.#of.names.get(referenceText(this.#of.comparison.base)) ?? "";
    const points: ReportCurve["points"][number][] = [];
    const note =
      model === undefined && this.#scoring.heldOut !== undefined
        ? chosenNote(short, this.#scoring)
        : undefined;
    for (const alpha of [0, ...alphas(step), 1]) {
      const isEnd = (alpha === 0 && this.#scored.has(base)) || (alpha === 1 && this.#scored.has(short));
      const variant = isEnd ? (alpha === 0 ? base : short) : `${name} ${rounded(alpha)}`;
      if (!isEnd) await this.#score(this.#point(variant, end, alpha, short), "curve", note);
      points.push({ alpha, variant });
    }
    this.#curve ??= { model: short, points };
  }

  #point(name: string, model: ModelReference, alpha: number, short: string): PreparedVariant {
    const recipe = this.#of.comparison.derive({ method: "wise_ft", parameters: { alpha }, models: [model] });
    const description = `${rounded(1 - alpha)} base + ${rounded(alpha)} ${short}`;
    const { planner } = this.#of;
    const step = planner.plan(recipe);
    return { name, kind: "merge", ...planner.describe(recipe), description, source: { kind: "step", step } };
  }

  /** The best model on the held-out split, the first of equal ones; the first of all without such a split. */
  async #best(): Promise<ModelReference | undefined> {
    const { models } = this.#of.comparison;
    if (this.#scoring.heldOut === undefined) return models[0];
    let best: { readonly model: ModelReference; readonly correct: number } | undefined;
    for (const model of models) {
      const correct = await this.#alone(model);
      if (best === undefined || correct > best.correct) best = { model, correct };
    }
    return best?.model;
  }

  async #scoreEnsemble(): Promise<void> {
    const scores = await this.#ensemble.score(this.#scoring.splits);
    if (scores.length === 0) {
      const why = this.#ensemble.fault ?? "the models are not among the variants";
      this.#warnings.push(`ensemble is left out: ${why}.`);
      return;
    }
    const members = [...this.#scored.values()].filter(({ kind }) => kind === "model").map(({ name }) => name);
    this.#scored.set("ensemble", {
      name: "ensemble",
      kind: "ensemble",
      description: `mean of the logits of ${listed(members)}`,
      members,
      scores,
      note: `No single model: it takes ${members.length} forward passes.`,
    });
  }
}

const chosenNote = (model: string, { heldOut }: Scoring) => `${model} was chosen on ${heldOut?.name ?? ""}.`;

const rounded = (value: number) => String(Math.round(value * 1e6) / 1e6);

/** The points between 0 and 1, both left out. */
function alphas(step: number): number[] {
  const found: number[] = [];
  for (let i = 1; i * step < 1 - 1e-9; i++) found.push(Math.round(i * step * 1e9) / 1e9);
  return found;
}
