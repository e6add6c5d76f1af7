import type { Diagnosis } from "../report/diagnosis-types.ts";
import type { CompareReport, ReportVariant } from "../report/report-types.ts";
import { packageVersion } from "../merge/lock.ts";
import { referenceText } from "../sources/types.ts";
import { readElsewhere } from "./elsewhere.ts";
import type { Evaluation } from "./evaluate-variants.ts";
import { fileLists, sha256 } from "./hashes.ts";
import { judge } from "./judge.ts";
import type { VariantModels } from "./models.ts";
import type { PreparedComparison } from "./prepare.ts";
import { ROLES, rowOf } from "./rows.ts";
import type { Scoring } from "./scoring.ts";

interface Parts {
  readonly prepared: PreparedComparison;
  readonly evaluation: Evaluation;
  /** Folders by the names of the variants that were kept. */
  readonly kept: ReadonlyMap<string, string>;
  /** Time for all scores. */
  readonly seconds: number;
  readonly models: VariantModels;
  readonly scoring: Scoring | undefined;
  /** Whether a program of the user's gave numbers. */
  readonly program: boolean;
  readonly diagnosis: Diagnosis;
  readonly versions: Readonly<Record<string, string>> | undefined;
}

/** Puts the report together; all in it but the time that it took. */
export async function assemble(parts: Parts): Promise<Omit<CompareReport, "seconds">> {
  const { prepared, evaluation, models, scoring, diagnosis } = parts;
  const { comparison, headers, names, file, text, planner } = prepared;
  const splits = (scoring?.splits ?? []).map(({ name, role, examples }) => {
    return { name, role: ROLES[role], examples };
  });
  const roles = new Map(splits.flatMap(({ name, role }) => (role === "held out" ? [] : [[name, role]])));
  const elsewhere = await readElsewhere(comparison.results, prepared.searchFrom, roles);
  const rows = evaluation.variants.map((variant): ReportVariant => {
    const { prepared: made, name } = variant;
    return rowOf(variant, { table: made && models.table(made), kept: parts.kept.get(name) });
  });
  const files = await fileLists([...headers.values()]);
  const { curve, greedy, warnings } = evaluation;
  return {
    version: 1,
    title: planner.describe(comparison.recipe).description,
    created: new Date().toISOString(),
    versions: { stockpot: packageVersion(), ...parts.versions },
    recipe: { file, text, sha256: sha256(text) },
    models: [comparison.base, ...comparison.models].map((model, i) => {
      const reference = referenceText(model);
      const role = i === 0 ? "base" : "model";
      return { name: names.get(reference) ?? reference, reference, role, files: files.get(reference) ?? [] };
    }),
    splits,
    ...evaluationOf(parts),
    variants: [...rows, ...elsewhere],
    ...judge(evaluation.variants, comparison.baseline),
    ...(curve && { curve }),
    ...(greedy && { greedy }),
    diagnosis,
    warnings: [...comparison.warnings.map(({ message }) => message), ...warnings],
  };
}

function evaluationOf({ scoring, program, seconds }: Parts): Pick<CompareReport, "evaluation"> {
  if (scoring !== undefined) return { evaluation: { backend: scoring.backend, data: scoring.data, seconds } };
  return program ? { evaluation: { backend: "a program of the recipe's", seconds } } : {};
}
