import type { Io } from "./io.ts";
import type { OptionDocs, OptionName, OptionValues } from "./options.ts";
import type { Style } from "./style.ts";

export interface ArgumentRow {
  /** In capitals, as `--help` shows it; in brackets if it may be left out. */
  readonly name: string;
  readonly doc: string;
}

/** What a command gets besides its arguments. */
export interface Context {
  readonly io: Io;
  readonly options: OptionValues;
  /** Colours for standard output. */
  readonly style: Style;
  /** Colours for standard error. */
  readonly errorStyle: Style;
}

/** One command: what `--help` and docs/cli.md say of it, and what it does. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** A paragraph for the command's own help. */
  readonly description: string;
  readonly arguments: readonly ArgumentRow[];
  readonly options: readonly OptionName[];
  readonly optionDocs?: OptionDocs;
  /** A command line without the leading "stockpot", and what it is for. */
  readonly examples: readonly (readonly [line: string, purpose: string])[];
  /** Gives the exit status, or throws. The arguments are there as `arguments` demands. */
  readonly run: (context: Context, ...args: string[]) => Promise<number> | number;
}
