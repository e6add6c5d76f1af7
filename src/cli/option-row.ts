import { InvalidArgumentError } from "commander";

/** One flag: the text of `--help` and docs/cli.md, and how its value is read. */
export interface OptionRow {
  readonly flags: string;
  readonly doc: string;
  /** Absent: a flag without a value. */
  readonly parse?: (text: string) => unknown;
  /** There is a --no- form of the flag as well: what that does. */
  readonly negated?: string;
  /** Why a flag that changes nothing need not. */
  readonly note?: string;
}

/** What help and docs say of a flag. */
export const docOf = ({ doc, note }: OptionRow): string =>
  note === undefined ? doc : `${doc.slice(0, -1)}: ${note}.`;

/** "--no-cuda" for "--cuda". */
export const negatedFlags = (flags: string): string => flags.replace("--", "--no-");

export const parseText = (text: string): string => text;

/** A flag that may be given several times: each value after the earlier ones. */
export const parseList = (text: string, earlier: readonly string[] = []): readonly string[] => [
  ...earlier,
  text,
];

export function parseWhole(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError("Expected a whole number from 0.");
}

export function parseWorkers(text: string): number {
  const workers = Number(text);
  if (!/^\d+$/.test(text) || workers < 1 || workers > 256) {
    throw new InvalidArgumentError("Expected a whole number from 1 to 256.");
  }
  return workers;
}
