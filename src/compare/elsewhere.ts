import { resolve } from "node:path";
import { EvaluateError } from "../errors.ts";
import type { PlacedName } from "../recipe/comparison.ts";
import type { ReportScore, ReportVariant } from "../report/report-types.ts";
import { readText, statPath } from "../sources/file.ts";
import { meanInterval, wilson } from "./statistics.ts";

/** Thousands of rows of a few hundred bytes. */
const MAX_RESULTS_BYTES = 4 * 2 ** 20;
/** Accuracies above 1 are percentages; a share of more than 1.5 % right would not be written as "1.5". */
const LARGEST_SHARE = 1;

/**
 * Rows that were measured elsewhere: a JSON object per line with `name`, `scores` from split to accuracy (a share, or a
 * percentage if it is above 1) or to `{correct, examples}` (or, as in the files of Model Soups, `model_name` and the
 * accuracies beside it), and optionally `description`, `source`, and `in_distribution`
 * and `shift`: the names of the splits that are averaged, unless they are splits of the data.
 */
export async function readElsewhere(
  files: readonly PlacedName[],
  searchFrom: readonly string[],
  roles: ReadonlyMap<string, "in distribution" | "shift">,
): Promise<ReportVariant[]> {
  const rows: ReportVariant[] = [];
  for (const { name, position } of files) {
    const path = await find(name, searchFrom, `${position.file}:${position.line}`);
    const lines = (await readText(path, MAX_RESULTS_BYTES)).split("\n");
    lines.forEach((line, i) => {
      if (line.trim() !== "") rows.push(readRow(line, `${name}:${i + 1}`, name, roles));
    });
  }
  return rows;
}

async function find(name: string, searchFrom: readonly string[], where: string): Promise<string> {
  for (const folder of searchFrom) {
    const path = resolve(folder, name);
    if ((await statPath(path))?.isFile() === true) return path;
  }
  throw new EvaluateError("EVALUATE_RESULTS", `The results ${name} do not exist`, {
    where,
    hint: `They are looked for in ${searchFrom.join(" and ")}.`,
  });
}

const HINT =
  'A line is like {"name": "greedy soup", "scores": {"imagenet": 0.8103, "imagenet-a": {"correct": 2092, "examples": 7500}}}.';

const fault = (where: string, what: string) =>
  new EvaluateError("EVALUATE_RESULTS", `${where}: ${what}`, { where, hint: HINT });

/** Model Soups' own files have the accuracies beside the name. */
const numbersOf = (row: Fields) =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value === "number"));

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readRow(
  line: string,
  where: string,
  file: string,
  roles: ReadonlyMap<string, "in distribution" | "shift">,
): ReportVariant {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch (cause) {
    throw fault(where, `not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (!isFields(row)) throw fault(where, "not an object");
  const { name = row["model_name"], description = "", source = file, scores = numbersOf(row) } = row;
  if (typeof name !== "string" || name === "") throw fault(where, '"name" is missing');
  if (typeof description !== "string" || typeof source !== "string")
    throw fault(where, '"description" and "source" are texts');
  if (!isFields(scores) || Object.keys(scores).length === 0) throw fault(where, '"scores" is missing');
  const read = Object.entries(scores).map(([split, value]) => readScore(split, value, where));
  const inDistribution = average(read, splitsOf(row, "in_distribution", "in distribution", roles, where));
  const underShift = average(read, splitsOf(row, "shift", "shift", roles, where));
  return {
    name,
    kind: "elsewhere",
    description,
    members: [],
    scores: read,
    ...(inDistribution && { inDistribution }),
    ...(underShift && { underShift }),
    source,
  };
}

function readScore(split: string, value: unknown, where: string): ReportScore {
  if (typeof value === "number" && value >= 0 && value <= 100)
    return { split, accuracy: value > LARGEST_SHARE ? value / 100 : value };
  const { correct, examples } = isFields(value) ? value : {};
  const counts =
    typeof correct === "number" &&
    typeof examples === "number" &&
    Number.isSafeInteger(correct) &&
    Number.isSafeInteger(examples) &&
    correct >= 0 &&
    correct <= examples &&
    examples > 0;
  if (!counts) throw fault(where, `"${split}" is neither an accuracy nor {correct, examples}`);
  return { split, accuracy: correct / examples, correct, examples, interval: wilson(correct, examples) };
}

function splitsOf(
  row: Fields,
  key: string,
  role: string,
  roles: ReadonlyMap<string, string>,
  where: string,
): (split: string) => boolean {
  const given = row[key];
  if (given === undefined) return (split) => roles.get(split) === role;
  const names = Array.isArray(given) ? given : [given];
  if (names.every((name) => typeof name === "string")) return (split) => names.includes(split);
  throw fault(where, `"${key}" is a split's name or a list of them`);
}

function average(
  scores: readonly ReportScore[],
  holds: (split: string) => boolean,
): ReportVariant["underShift"] {
  const own = scores.filter(({ split }) => holds(split));
  if (own.length === 0) return undefined;
  const counted = own.flatMap(({ correct, examples }) =>
    correct === undefined || examples === undefined ? [] : [{ correct, examples }],
  );
  return {
    accuracy: own.reduce((sum, { accuracy }) => sum + accuracy, 0) / own.length,
    splits: own.length,
    ...(counted.length === own.length && { interval: meanInterval(counted) }),
  };
}
